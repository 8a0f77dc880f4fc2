"""From a transformer to a student.

course.py is the whole course, config.py its settings; the folders are its stages. All but config.py
need the extra `train`.
"""
