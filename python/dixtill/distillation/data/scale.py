"""Standardizes the numbers that a model learns, and puts their unit back into its head.

A head gives the number itself, in the user's unit; a model is trained on (number - mean) / unit,
so that no setting of the training depends on the unit.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...errors import InputError

_LARGEST = 1e30  # magnitude of a number: answers are float32, which ends at 3.4e38
_SMALLEST = 1e-30  # deviation of the numbers: below 1.2e-38, float32 loses precision
_LEAST_SHARE = 1e-6  # deviation as a share of the mean: float32 has about seven digits

_Numbers = TypeVar("_Numbers", Tensor, npt.NDArray[np.float64], float)


class Scale(NamedTuple):
    """Numbers are `unit` times standardized ones, plus `mean`."""

    mean: float = 0.0
    unit: float = 1.0

    @classmethod
    def of(cls, numbers: npt.NDArray[np.float64], has_bias: bool = True) -> Scale:
        """Return the scale by which `numbers` have the mean 0 and the standard deviation 1.

        A head without a bias cannot add a mean; then their mean square becomes 1.

        Raises:
            InputError: the numbers are all equal, or float32 cannot tell them apart.
        """
        _check_magnitude(numbers)
        if np.ptp(numbers) == 0:
            raise InputError(
                f"all training texts are labeled with the number {numbers.flat[0]:g}, so that "
                "nothing can be learned; give texts with different numbers"
            )
        mean, deviation = float(numbers.mean()), float(numbers.std())
        if deviation < max(_SMALLEST, _LEAST_SHARE * abs(mean)):
            raise InputError(
                f"the numbers of the training texts have the mean {mean:g} and the standard "
                f"deviation {deviation:g}, which is too small for answers in float32; subtract "
                "the mean from them, or give them in a smaller unit"
            )
        if not has_bias:
            return cls(0.0, float(np.sqrt(np.square(numbers).mean())))
        return cls(mean, deviation)

    def standardized(self, numbers: _Numbers) -> _Numbers:
        """Return numbers of this scale as standardized ones."""
        return (numbers - self.mean) / self.unit

    def original(self, standardized: _Numbers) -> _Numbers:
        """Return standardized numbers in the user's unit."""
        return standardized * self.unit + self.mean

    @torch.no_grad()
    def put_into(self, head: nn.Linear) -> None:
        """Let a head that gives standardized numbers give numbers in the user's unit."""
        head.weight.mul_(self.unit)
        if head.bias is not None:
            head.bias.mul_(self.unit).add_(self.mean)


def _check_magnitude(numbers: npt.NDArray[np.float64]) -> None:
    largest = float(np.abs(numbers).max())
    if largest > _LARGEST:
        raise InputError(
            f"a training text is labeled with a number of the magnitude {largest:g}, expected at "
            f"most {_LARGEST:g}, as answers are float32; give the numbers in a larger unit"
        )
