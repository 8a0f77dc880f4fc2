"""Which numbers each setting takes: the same for the command line and for Python.

NaN and infinities are in no limits. Upper limits of whole numbers are those of what they are passed
on to, or where no machine would follow.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import SupportsFloat, SupportsIndex, cast

from .errors import InputError, shortened

_LONGEST = 40  # characters of a value in a sentence


@dataclass(frozen=True)
class Limits:
    """An interval of whole numbers or of floats, and what to call it."""

    kind: type[int] | type[float]
    low: float
    high: float
    description: str
    low_is_in: bool = True
    high_is_in: bool = True

    def __contains__(self, number: float) -> bool:
        above = number > self.low or (number == self.low and self.low_is_in)
        return above and (number < self.high or (number == self.high and self.high_is_in))

    def checked(self, name: str, value: object) -> int | float:
        """`value` as a plain int or float.

        Raises:
            InputError: it is no number of this kind, or lies outside.
        """
        number = self._number(value)
        if number is None:
            raise InputError(f"{name} is {_shown(value)}, expected {self.description}")
        if number not in self:
            raise InputError(
                f"{name} is {_shown(value)}, which is out of range: expected {self.description}"
            )
        return number

    def read(self, name: str, text: str) -> int | float:
        """The number that `text` writes; raises as `checked` does."""
        try:
            return self.checked(name, self.kind(text))
        except ValueError as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{name} is {_shown(text)}, expected {self.description}") from None

    def _number(self, value: object) -> int | float | None:
        if isinstance(value, (bool, str, bytes, bytearray)):
            return None
        try:
            if self.kind is int:
                return operator.index(cast(SupportsIndex, value))
            number = float(cast(SupportsFloat, value))
        except (TypeError, ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else math.nan  # which is in no interval


def _whole(low: int, high: int) -> Limits:
    return Limits(int, low, high, f"a whole number from {low:,} to {high:,}")


_INT32 = 2**31 - 1

COUNT = _whole(1, _INT32)
COUNT_OR_NONE = _whole(0, _INT32)
SEED = _whole(0, 2**32 - 1)  # NumPy's
THREADS = _whole(1, 1024)
WIDTH = _whole(1, 4096)  # of a layer of a student
STEPS = _whole(2, 10_000)  # of a fixed rule, whose points take memory by the square
MAX_STEPS = _whole(9, 10_000)  # the refinement begins with 9

PROBABILITY = Limits(float, 0, 1, "a probability from 0 to 1")
PRECISION = Limits(float, 0, 1, "a share above 0 and at most 1", low_is_in=False)
SHARE = Limits(float, 0, 1, "a number from 0 to 1")
RATE = Limits(float, 0, 1, "a number from 0 to 1, but not 1", high_is_in=False)
PART = Limits(float, 0, 1, "a share above 0 and below 1", low_is_in=False, high_is_in=False)
POSITIVE = Limits(float, 0, math.inf, "a number above 0", low_is_in=False, high_is_in=False)
NOT_NEGATIVE = Limits(float, 0, math.inf, "a number of 0 or above", high_is_in=False)


def _shown(value: object) -> str:
    if isinstance(value, str):
        shown = f"'{value}'"
    else:
        try:
            shown = str(value)
        except ValueError:  # Python writes out no whole number of thousands of digits
            shown = "a number of thousands of digits"
    return shortened(shown, _LONGEST)
