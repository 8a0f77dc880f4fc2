"""Show many explained texts on one HTML page or in one picture.

Only picture.py needs a package, matplotlib. Nothing here is imported until it is used.
"""
