"""Says in a few words what an answer is: its labels with their probabilities, or its number."""

from __future__ import annotations

import math

from ...escapes import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..prediction import Prediction

_DIGITS = 4  # of a number without an interval
_LARGE, _SMALL, _MOST_DECIMALS = 1e6, 1e-4, 6


def headline(prediction: Prediction) -> tuple[str, str]:
    """Return the first label or the number, and the text beside it.

    Beside a label are its probability and the other labels with theirs, or why there is no label;
    beside a number is its interval.
    """
    if prediction.value is not None:
        return number_of(prediction)
    (first, probability), *others = labels_of(prediction) or [_top(prediction)]
    if not prediction.labels:
        return "no label", f": {printable(first)} ({probability:.2f}) {_reason(prediction)}"
    rest = "".join(f", {printable(name)} ({value:.2f})" for name, value in others)
    return printable(first), f" ({probability:.2f}){rest}"


def labels_of(prediction: Prediction) -> list[tuple[str, float]]:
    """Return the labels of a text with their probabilities, the most probable one first."""
    known = prediction.probabilities
    return [(label, known[label]) for label in prediction.labels]


def number_of(prediction: Prediction) -> tuple[str, str]:
    """Return the number and its interval as text; the interval is empty if it is unknown."""
    value, interval = prediction.value, prediction.interval
    assert value is not None
    if interval is None:
        return shown_number(value), ""
    low, high = interval
    shown = [shown_number(number, high - low) for number in (value, low, high)]
    return shown[0], f" ({shown[1]} to {shown[2]} in 9 of 10 texts)"


def shown_number(value: float, width: float = 0.0) -> str:
    """Format a number with two digits of the width of its interval, or with four of its own.

    >>> shown_number(1987.44, width=4.0), shown_number(4.2567, width=0.5), shown_number(0.123456)
    ('1987.4', '4.26', '0.1235')
    """
    size = abs(value)
    if size >= _LARGE or 0 < size < _SMALL:
        return f"{value:.{_DIGITS}g}"
    digits = 1 - _power(width) if width else _DIGITS - 1 - _power(size or 1.0)
    return f"{value:.{min(max(digits, 0), _MOST_DECIMALS)}f}"


def _power(size: float) -> int:
    return math.floor(math.log10(size))


def _top(prediction: Prediction) -> tuple[str, float]:
    return prediction.top_label, prediction.probability


def _reason(prediction: Prediction) -> str:
    """Say why a text has no label, in words that follow its most probable one."""
    is_below = prediction.probability < prediction.threshold
    return f"is below {prediction.threshold!r}" if is_below else "and not familiar"
