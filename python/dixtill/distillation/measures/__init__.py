"""Measures answers and explanations."""

from ...extras import require

require("train")
