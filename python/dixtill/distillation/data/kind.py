"""The kinds of training texts."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """Where a training text comes from; the name in lower case is the one that users read."""

    LABELED = 0
    REAL = 1  # written by people, without a label
    MADE = 2  # perturbed
