"""Reads labeled texts, and makes more texts of them."""

from ...extras import require

require("train")
