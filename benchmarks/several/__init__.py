"""Measures students that give several labels of a text, or a number, beside linear classifiers."""
