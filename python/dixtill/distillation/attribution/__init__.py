"""Explains a teacher's answers, a number for each word, and stores the explanations."""
