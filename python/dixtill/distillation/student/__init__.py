"""Trains a student, calibrates and quantizes it."""
