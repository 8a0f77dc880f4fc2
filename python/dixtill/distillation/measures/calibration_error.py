"""How far probabilities are from the share of right answers.

As in Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NUM_BINS = 15

FloatArray = npt.NDArray[np.floating]


def calibration_error(
    probabilities: FloatArray, labels: npt.NDArray[np.integer], bins: int = NUM_BINS
) -> float:
    """Expected calibration error (ECE) of probabilities [N, C]: mean gap, in size, over the bins.

    >>> confident = np.array([[0.9, 0.1], [0.9, 0.1]])  # and right half of the time
    >>> round(calibration_error(confident, np.array([0, 1])), 3)
    0.4
    """
    return float(np.abs(calibration_gaps(probabilities, labels, bins).mean(axis=0)).sum())


def calibration_gaps(
    probabilities: FloatArray, labels: npt.NDArray[np.integer], bins: int = NUM_BINS
) -> npt.NDArray[np.float64]:
    """Of each text, right (1) or not (0) less the probability of its label; [N, bins].

    It stands in the column of the probability's bin, among bins of equal width that hold their
    upper edge; the others are zero.
    """
    top = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    gaps = np.zeros((len(labels), bins))
    column = np.clip(np.ceil(top * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps[np.arange(len(labels)), column] = right - top
    return gaps
