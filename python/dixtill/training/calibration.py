"""Probabilities that mean what they say: how far off they are, and the one number that mends it.

Both as in Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from .student import Student

_NUM_BINS = 15
_LIMITS = (0.05, 20.0)  # of a temperature: validation texts without an error would have it at 0

FloatArray = npt.NDArray[np.floating]


def calibration_error(probabilities: FloatArray, labels: npt.NDArray[np.integer]) -> float:
    """Expected calibration error (ECE) of probabilities [N, C].

    The texts fall into 15 bins of equal width by the probability of their label, open on the left;
    the error is the mean of |accuracy - mean probability| over the bins, weighted by their texts.
    """
    top = probabilities.max(axis=1).astype(np.float64)
    gaps = (probabilities.argmax(axis=1) == labels) - top  # right or wrong, less what was said
    bins = np.ceil(top * _NUM_BINS).astype(int)
    return float(np.abs(np.bincount(bins, weights=gaps)).sum() / len(labels))


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The divisor of the logits [N, C], 0.05 to 20, that makes the labels likeliest."""
    logits = logits.double()

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
