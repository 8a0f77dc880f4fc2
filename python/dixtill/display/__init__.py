"""Explanations to look at: on a terminal, in a notebook, on a page, as a picture.

The standard library alone, but for picture.py, which needs matplotlib. Nothing here is imported
before it is asked for.
"""
