"""Checks the thresholds of several labels, and the interval of a number, in a model file."""

from __future__ import annotations

from ...errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .shape import StudentShape

UNKNOWN = 0.5  # the threshold of a label that has no other
NEVER_REACHED = 2.0  # that of a label which no text gets; a probability can be 1
_LARGEST = 1e300


def checked_thresholds(thresholds: Any, shape: StudentShape) -> tuple[float, ...]:
    """Return the threshold of each label if the output is sigmoid, otherwise nothing.

    Raises:
        InputError: they are not numbers from 0 to 1 or NEVER_REACHED, or not one for each label.
    """
    if shape.output != "sigmoid":
        if thresholds:
            raise InputError(f"thresholds are given, but the output is '{shape.output}'")
        return ()
    found = thresholds or (UNKNOWN,) * shape.num_classes
    is_each_one = isinstance(found, tuple) and len(found) == shape.num_classes
    if not is_each_one or not all(map(_is_threshold, found)):
        raise InputError(
            f"thresholds are {found!r:.60}, expected {shape.num_classes} probabilities, one for "
            "each label"
        )
    return tuple(map(float, found))


def check_interval(interval: Any, output: str) -> None:
    """Raise InputError unless the interval is None, or a number from 0 on for a number."""
    if interval is None:
        return
    if not _is_number(interval) or interval < 0:
        raise InputError(f"interval is {interval!r:.40}, expected a number from 0 on")
    if output != "number":
        raise InputError(f"interval is given, but the output is '{output}'")


def _is_threshold(value: Any) -> bool:
    return _is_number(value) and (0 <= value <= 1 or value == NEVER_REACHED)


def _is_number(value: Any) -> bool:
    """Say whether a value is a finite number, as JSON has them."""
    return type(value) in (int, float) and -_LARGEST <= value <= _LARGEST
