"""Decides which texts an epoch shows a student, and how much the teacher's answers weigh."""

from ...extras import require

require("train")
