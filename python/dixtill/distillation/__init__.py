"""Makes a student of a transformer.

course.py is the whole course, config.py has its settings, and the folders are its stages. All but
config.py need the extra `train`.
"""
