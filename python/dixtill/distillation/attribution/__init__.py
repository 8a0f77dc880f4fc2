"""Explains a teacher's answers with one number per word, and stores the explanations."""

from ...extras import require

require("train")
