"""Decides how strongly a weight is colored: levels from zero to full, on the caller's scale."""

from __future__ import annotations

from collections.abc import Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..explanation import ExplainedWord


def level(weight: float, scale: float, num_levels: int) -> int:
    """Return a weight's level, from -num_levels to num_levels; 0 if it is small beside `scale`.

    >>> [level(weight, scale=2.0, num_levels=5) for weight in (-9.0, -1.0, 0.1, 0.8, 2.0)]
    [-5, -3, 0, 2, 5]
    """
    if not scale > 0:
        return 0
    # Halves go up: round() would send 2.5 and 1.5 to the same level.
    size = min(num_levels, int(abs(weight) / scale * num_levels + 0.5))
    return size if weight > 0 else -size


def largest_weight(words: Iterable[ExplainedWord]) -> float:
    """Return the largest magnitude of a weight, or 0 without words."""
    return max((abs(word.weight) for word in words), default=0.0)


def common_scale(explanations: Iterable[Iterable[ExplainedWord]]) -> float:
    """Return a scale for many texts, so that a color means the same in each.

    It is the median of the texts' strongest weights, so that no single word makes all others pale.
    """
    strongest = sorted(map(largest_weight, explanations))
    return strongest[len(strongest) // 2] if strongest else 0.0
