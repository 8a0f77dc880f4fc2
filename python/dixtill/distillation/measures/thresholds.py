"""Chooses for each label the probability from which a text is given it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...runtime.model_file.decisions import NEVER_REACHED, UNKNOWN
from .calibration_error import FloatArray
from .decimals import shortest_decimal

ENOUGH = 5  # texts that have a label, and that lack it, for a threshold of its own


def thresholds_for_f1(targets: npt.NDArray[np.bool_], probabilities: FloatArray) -> list[float]:
    """Return the threshold of each label that makes its F1 the largest.

    Args:
        targets: [N, C] bool, the labels of each text.
        probabilities: [N, C].

    Returns:
        [C]; 0.5 for a label that fewer than 5 texts have, or lack.
    """
    return [
        _best(has, probability) if ENOUGH <= has.sum() <= len(has) - ENOUGH else UNKNOWN
        for has, probability in zip(targets.T, probabilities.T, strict=True)
    ]


def thresholds_for_precision(
    targets: npt.NDArray[np.bool_], probabilities: FloatArray, precision: float
) -> list[float]:
    """Return the threshold of each label that gives it to most texts with at least that precision.

    A label that no threshold gives so precisely gets NEVER_REACHED, as does one that no text has.
    """
    return [
        _most_precise(has, probability, precision)
        for has, probability in zip(targets.T, probabilities.T, strict=True)
    ]


def _most_precise(has: npt.NDArray[np.bool_], probability: FloatArray, precision: float) -> float:
    ranked, hits, ends = _ranked(has, probability)
    good = ends[hits[ends] >= precision * (ends + 1)]
    return _just_below(ranked, int(good[-1])) if good.size else NEVER_REACHED


def _best(has: npt.NDArray[np.bool_], probability: FloatArray) -> float:
    """Return the threshold with the largest F1, and of several the highest."""
    ranked, hits, ends = _ranked(has, probability)
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + hits[-1])  # 2 hits / (given + had)
    return _just_below(ranked, int(ends[f1[ends].argmax()]))


def _ranked(
    has: npt.NDArray[np.bool_], probability: FloatArray
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return descending probabilities, the hits up to each, and the last ones of equal ones."""
    wide = probability.astype(np.float64)
    order = np.argsort(-wide, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(wide[order]) < 0, True))
    return wide[order], np.cumsum(has[order]), ends


def _just_below(ranked: npt.NDArray[np.float64], last: int) -> float:
    """Return a short threshold that only the probabilities up to the index `last` reach."""
    below = float(ranked[last + 1]) if last + 1 < len(ranked) else 0.0
    return shortest_decimal(below, float(ranked[last]))
