"""The page that tells how a student's training went and how good it is: `write_report`."""

from .page import write_report

__all__ = ["write_report"]
