"""Chooses and measures a threshold on the top label's probability below which not to answer.

El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification", 2010: coverage is
the share of texts that are answered; precision is the share of right answers among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ... import limits
from ...errors import InputError
from .calibration_error import FloatArray, Labels
from .decimals import shortest_decimal
from .scores import exact_interval

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Abstention:
    """Coverage and precision of a threshold on labeled texts, as shares in [0, 1]."""

    threshold: float
    coverage: float
    num_answered: int
    precision: float | None  # None if no text is answered
    precision_low: float | None  # 95% interval of the precision, by Clopper and Pearson
    precision_high: float | None


def abstention_at(
    threshold: float,
    probabilities: FloatArray,
    labels: Labels,
    is_familiar: BoolArray | None = None,
) -> Abstention:
    """Measure `threshold` on probabilities [N, C] and the indices [N] of the true labels.

    With `is_familiar` [N], the other texts are not answered.

    Raises:
        InputError: `threshold` is not a probability.
    """
    threshold = limits.PROBABILITY.checked("the threshold", threshold)
    answered = probabilities.max(axis=1) >= threshold
    if is_familiar is not None:
        answered &= is_familiar
    right = probabilities.argmax(axis=1) == np.asarray(labels)
    count, hits = int(answered.sum()), int((answered & right).sum())
    coverage = count / len(labels)
    if not count:
        return Abstention(threshold, coverage, count, None, None, None)
    return Abstention(threshold, coverage, count, hits / count, *exact_interval(hits, count))


def choose_threshold(
    precision: float,
    probabilities: FloatArray,
    labels: Labels,
    is_familiar: BoolArray | None = None,
) -> Abstention:
    """Choose the threshold that answers the most texts with at least that precision.

    With `is_familiar` [N], the other texts are not answered.

    Raises:
        InputError: `precision` is not in (0, 1], no threshold reaches it, or no text is familiar.
    """
    precision = limits.PRECISION.checked("the target precision", precision)
    rows = np.arange(len(labels)) if is_familiar is None else np.flatnonzero(is_familiar)
    if not rows.size:
        raise InputError("none of the texts is familiar to the student; leave out only_familiar")
    top = probabilities[rows].max(axis=1).astype(np.float64)
    right = probabilities[rows].argmax(axis=1) == np.asarray(labels)[rows]
    order = np.argsort(-top, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Texts of equal probability are answered together.
    ends = np.flatnonzero(np.append(np.diff(top[order]) < 0, True))
    good = ends[shares[ends] >= precision]
    if not good.size:
        raise InputError(
            f"no threshold has a precision of {precision:g} on these {len(top)} texts; the best "
            f"is {shares[ends].max():.4f}"
        )
    last = int(good[-1])
    below = float(top[order[last + 1]]) if last + 1 < len(order) else 0.0
    threshold = shortest_decimal(below, float(top[order[last]]))
    return abstention_at(threshold, probabilities, labels, is_familiar)
