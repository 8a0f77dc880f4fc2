"""Trials: each trains a student with proposed settings, and keeps what came of it in a folder."""
