"""Probabilities that mean what they say: how far off they are, and the one number that mends it.

Both as in Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from ..errors import InputError
from .student import Student

NUM_BINS = 15
_LIMITS = (0.05, 20.0)  # of a temperature: validation texts without an error would have it at 0

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


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The divisor of the logits [N, C], 0.05 to 20, that makes the labels likeliest.

    Raises:
        InputError: a logit is not finite.
    """
    logits = logits.double()
    if not bool(torch.isfinite(logits).all()):
        raise InputError("the logits are not all finite, so no temperature fits them")

    def loss(log_temperature: float) -> float:
        scaled = logits / float(np.exp(log_temperature))
        return float(torch.nn.functional.cross_entropy(scaled, labels))

    found = minimize_scalar(loss, bounds=np.log(_LIMITS), method="bounded")
    return float(np.exp(found.x))


@torch.no_grad()
def divide_logits(student: Student, temperature: float) -> None:
    """Divide the student's logits, and so each word's share of them, in its head's weights."""
    student.head.weight.div_(temperature)
    student.head.bias.div_(temperature)
