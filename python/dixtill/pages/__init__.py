"""Many explained texts to look at: on one page, or as a picture.

Needs the standard library alone, except picture.py, which needs matplotlib. Nothing here is
imported before somebody asks for it.
"""
