"""Measures how far probabilities are from the shares of right answers.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

NUM_BINS = 15

FloatArray = npt.NDArray[np.floating]
Labels = Sequence[int] | npt.NDArray[np.integer]


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


def label_calibration_error(
    probabilities: FloatArray, targets: npt.NDArray[np.bool_], bins: int = NUM_BINS
) -> float:
    """Return how far probabilities [N, C] of labels are from the shares of texts that have them.

    Each pair of a text and a label is an answer, in one of `bins` of equal width; the error is the
    mean over the pairs, in [0, 1]. `targets` [N, C] are the labels that the texts have.

    >>> label_calibration_error(np.array([[0.9, 0.9]]), np.array([[True, False]]))
    0.4
    """
    wide = probabilities.astype(np.float64).ravel()
    column = np.clip(np.ceil(wide * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(column, targets.ravel() - wide, minlength=bins)
    return float(np.abs(gaps).sum() / len(wide))
