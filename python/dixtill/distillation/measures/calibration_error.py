"""Measures how far probabilities are from the shares of right answers.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NUM_BINS = 15

FloatArray = npt.NDArray[np.floating]


def calibration_error(
    probabilities: FloatArray, labels: npt.NDArray[np.integer], bins: int = NUM_BINS
) -> float:
    """Return the expected calibration error (ECE) of probabilities [N, C], in [0, 1].

    >>> confident = np.array([[0.9, 0.1], [0.9, 0.1]])  # and right half of the time
    >>> round(calibration_error(confident, np.array([0, 1])), 3)
    0.4
    """
    return float(np.abs(calibration_gaps(probabilities, labels, bins).mean(axis=0)).sum())


def calibration_gaps(
    probabilities: FloatArray, labels: npt.NDArray[np.integer], bins: int = NUM_BINS
) -> npt.NDArray[np.float64]:
    """Return each text's 1 or 0, for a right or wrong answer, minus its probability; [N, bins].

    The gap is in the column of the probability's bin, and the other columns are zero. The bins have
    equal width and include their upper edge.
    """
    top = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    gaps = np.zeros((len(labels), bins))
    column = np.clip(np.ceil(top * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps[np.arange(len(labels)), column] = right - top
    return gaps
