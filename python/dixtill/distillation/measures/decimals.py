"""Chooses short decimals for thresholds, so that people can write them."""

from __future__ import annotations

import math


def shortest_decimal(above: float, up_to: float) -> float:
    """Return a number in (above, up_to] with the fewest decimals."""
    for digits in range(1, 17):
        scale = 10.0**digits
        rounded = math.floor(up_to * scale) / scale
        if above < rounded <= up_to:
            return rounded
    return up_to
