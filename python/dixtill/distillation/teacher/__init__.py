"""Loads a fine-tuned transformer, tries it, and asks it."""
