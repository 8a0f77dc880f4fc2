"""Calibrates a student by one temperature, so that probabilities match the shares of right answers.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from ...errors import InputError
from ..network.student import Student
from .examples import Examples
from .float_answers import logits_of, score

_LIMITS = (0.05, 20.0)  # without an error in the validation texts, the best temperature is 0


def calibrate(student: Student, valid: Examples, is_wanted: bool) -> dict[str, float]:
    """Fold a temperature that fits validation texts into the student, if it is wanted.

    Returns the temperature, and the calibration error before it.

    Raises:
        InputError: a logit is not finite.
    """
    error = score(student, valid).calibration_error
    temperature = 1.0
    if is_wanted:
        temperature = fit_temperature(logits_of(student, valid), valid.labels)
        divide_logits(student, temperature)
    return {"temperature": temperature, "uncalibrated_error": error}


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Find the divisor of the logits [N, C], from 0.05 to 20, that makes the labels most likely.

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
    """Scale the student's head, which divides its logits and each word's share by `temperature`."""
    student.head.weight.div_(temperature)
    student.head.bias.div_(temperature)
