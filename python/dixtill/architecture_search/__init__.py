"""Searches for students that are faithful, small and fast: `dixtill search` and `dixtill.search`.

A search proposes settings in generations (proposals.py), knows what a student costs before it is
trained (costs.py), trains by successive halving (generation.py), and keeps what is on the front
(ranking.py). Its folder can be resumed, and equal seeds give equal fronts (docs/adr/0026).
"""
