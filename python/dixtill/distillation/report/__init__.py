"""Writes report.html, which shows how a student's training went and how good the student is."""

from ...extras import require

require("train")

from .page import describes, write_report

__all__ = ["describes", "write_report"]
