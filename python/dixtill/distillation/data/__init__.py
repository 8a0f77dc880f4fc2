"""Reads labelled texts, and makes more texts of them."""
