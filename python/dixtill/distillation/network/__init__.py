"""The student as a network in float32, and its conversion to int8."""

from ...extras import require

require("train")
