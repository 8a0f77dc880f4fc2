"""Defines the numbers that each setting accepts, the same on the command line and in Python.

NaN and infinities are never accepted. The upper limit of a whole number is the limit of the
function that receives it, or more than any machine can handle.
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
    """An interval of integers or floats, and its description for messages."""

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
        """Return `value` as a plain int or float.

        Raises:
            InputError: it is not a number of this kind, or it is out of range.
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
        """Parse `text` as a number; raise InputError as `checked` does."""
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
        return number if math.isfinite(number) else math.nan  # NaN is in no interval


def _whole(low: int, high: int) -> Limits:
    return Limits(int, low, high, f"a whole number from {low:,} to {high:,}")


_INT32 = 2**31 - 1

COUNT = _whole(1, _INT32)
COUNT_OR_NONE = _whole(0, _INT32)
SEED = _whole(0, 2**32 - 1)  # NumPy's limit
THREADS = _whole(1, 1024)
WIDTH = _whole(1, 4096)  # of a layer of a student
DIRECTIONS = _whole(1, 2)  # in which a student reads
CLASSES = _whole(2, _INT32)  # of a text that are explained: the predicted one, and one drawn
STEPS = _whole(2, 10_000)  # memory for the points of a fixed rule grows quadratically
MAX_STEPS = _whole(9, 10_000)  # the adaptive rule begins with 9 points

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
        except ValueError:  # Python refuses to print an int of more than 4,300 digits
            shown = "a number of thousands of digits"
    return shortened(shown, _LONGEST)
