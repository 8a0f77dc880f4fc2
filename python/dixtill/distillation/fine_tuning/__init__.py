"""Turns a pretrained transformer into a teacher."""

from ...extras import require

require("train")
