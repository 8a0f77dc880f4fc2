"""Compares students by several objectives: fronts, ranks, and the choice of one student.

A student dominates another if it is at least as good in every objective and better in one. The
front has the students that none dominates. Values are losses here: each is to be made small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Losses = Sequence[float]  # [objectives]


def dominates(one: Losses, other: Losses) -> bool:
    """Return whether `one` is nowhere worse than `other`, and better somewhere."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def ranks(points: Sequence[Losses]) -> list[int]:
    """Return the rank of each point: 0 on the front, 1 on the front of the others, and so on.

    >>> ranks([(1, 3), (2, 2), (3, 3), (3, 4)])
    [0, 0, 1, 2]
    """
    left = set(range(len(points)))
    found = [0] * len(points)
    rank = 0
    while left:
        front = {i for i in left if not any(dominates(points[j], points[i]) for j in left)}
        for i in front:
            found[i] = rank
        left -= front
        rank += 1
    return found


def best_share(points: Sequence[Losses], ties: Losses, share: int) -> list[int]:
    """Return the indices of the best 1/`share` of the points, rounded up, in their order.

    They are those of the lowest rank; among equal ranks, those of the lowest value in `ties`, and
    then the first ones.

    >>> best_share([(1, 3), (2, 2), (3, 3), (3, 4)], ties=[0.5, 0.4, 0.1, 0.1], share=3)
    [0, 1]
    """
    rank = ranks(points)
    order = sorted(range(len(points)), key=lambda i: (rank[i], ties[i], i))
    return sorted(order[: math.ceil(len(points) / share)])


def front_of(points: Sequence[Losses]) -> list[int]:
    """Return the indices of the points that none dominates; of equal points, the first.

    >>> front_of([(1, 3), (2, 2), (2, 2), (3, 3)])
    [0, 1]
    """
    first = {tuple(point): i for i, point in reversed(list(enumerate(points)))}
    return [i for i, rank in enumerate(ranks(points)) if rank == 0 and first[tuple(points[i])] == i]


def knee(points: Sequence[Losses]) -> int:
    """Return the index of the point nearest to the best value of every objective.

    Each objective is scaled so that the points span 0 to 1. Among equally near points, the first.

    >>> knee([(0.0, 10.0), (0.1, 2.0), (1.0, 0.0)])
    1
    """
    columns = list(zip(*points, strict=True))
    spans = [(min(column), max(column) - min(column)) for column in columns]

    def distance(point: Losses) -> float:
        return math.hypot(
            *((value - low) / span for value, (low, span) in zip(point, spans, strict=True) if span)
        )

    return min(range(len(points)), key=lambda i: (distance(points[i]), i))
