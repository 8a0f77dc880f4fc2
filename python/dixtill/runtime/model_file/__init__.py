"""Reads a student from its model file and checks it, with the standard library alone."""
