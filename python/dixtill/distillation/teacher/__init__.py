"""Loads a fine-tuned transformer, checks that it can be used, and runs it."""

from ...extras import require

require("train")
