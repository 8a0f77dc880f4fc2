"""One temperature for all logits, so that probabilities are the shares of right answers.

As in Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from ...errors import InputError
from .student import Student

_LIMITS = (0.05, 20.0)  # of a temperature: validation texts without an error would have it at 0


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
