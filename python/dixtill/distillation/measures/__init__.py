"""Measures answers and explanations."""
