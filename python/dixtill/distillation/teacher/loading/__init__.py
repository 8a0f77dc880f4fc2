"""Loads a model and its tokenizer from a folder or the hub, and refuses what is not whole."""
