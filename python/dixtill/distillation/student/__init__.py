"""Trains a student, calibrates and quantizes it."""

from ...extras import require

require("train")
