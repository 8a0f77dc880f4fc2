"""Costs: size, time and energy of a student, and what the search itself takes."""
