"""Reads the check in a native answer, and says how well the weights agree with it."""

from __future__ import annotations

import math

from .explanation import Check
from .targets import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    WeightsFor = Callable[[str], Sequence[float]]


def check_of(answer: bytes, labels: Sequence[str], weights_for: WeightsFor) -> Check | None:
    """Return an answer's check, or None without one; `weights_for` returns a label's weights."""
    found = native.check_of(answer, len(labels))
    if found is None:
        return None
    index, effects, flip, is_smallest = found
    label = labels[index]
    weights = weights_for(label)
    return Check(effects, rank_correlation(weights, effects), flip, is_smallest, label)


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Return Spearman's correlation, Pearson's of the ranks; None where either is constant.

    >>> rank_correlation([1.0, 2.0, 30.0], [-5.0, 0.0, 0.5])
    1.0
    """
    first, second = _centered_ranks(a), _centered_ranks(b)
    sizes = sum(x * x for x in first) * sum(y * y for y in second)
    if not sizes:
        return None
    return sum(x * y for x, y in zip(first, second, strict=True)) / math.sqrt(sizes)


def _centered_ranks(values: Sequence[float]) -> list[float]:
    """Return ranks minus their mean; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in range(first, last + 1):
            ranks[order[place]] = (first + last) / 2 - (len(order) - 1) / 2
        first = last + 1
    return ranks
