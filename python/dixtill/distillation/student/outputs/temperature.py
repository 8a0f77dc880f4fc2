"""Fits a temperature, so that probabilities match the shares of right answers.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn import functional

from ....errors import InputError

_LIMITS = (0.05, 20.0)  # without an error in the validation texts, the best temperature is 0

Loss = Callable[[Tensor, Tensor], Tensor]


def fit_temperature(
    logits: Tensor, targets: Tensor, loss: Loss = functional.cross_entropy
) -> float:
    """Find the divisor of the logits [N, ...], from 0.05 to 20, with the smallest loss.

    Raises:
        InputError: a logit is not finite.
    """
    logits = logits.double()
    if not bool(torch.isfinite(logits).all()):
        raise InputError("the logits are not all finite, so no temperature fits them")

    def scaled_loss(log_temperature: float) -> float:
        return float(loss(logits / float(np.exp(log_temperature)), targets))

    found = minimize_scalar(scaled_loss, bounds=np.log(_LIMITS), method="bounded")
    return float(np.exp(found.x))
