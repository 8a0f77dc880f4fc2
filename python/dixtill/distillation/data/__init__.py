"""Reads labeled texts, and makes more texts from them."""

from ...extras import require

require("train")
