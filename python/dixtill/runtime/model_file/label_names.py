"""Checks names of classes, by the same rules for model files, teachers and training data."""

from __future__ import annotations

from ...errors import InputError
from ...strings import has_surrogates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LABELS = 2**12  # an answer takes memory for each piece of the text and each label


def check_label_names(names: Iterable[object]) -> None:
    """Raise InputError unless the names are at most MAX_LABELS distinct, non-empty str in UTF-8."""
    seen: set[str] = set()
    for number, name in enumerate(names):
        if number == MAX_LABELS:
            raise InputError(
                f"there are more than {MAX_LABELS} labels, expected at most {MAX_LABELS}"
            )
        if not isinstance(name, str):
            raise InputError(
                f"label {number} is {name!r}, of type {type(name).__name__}, expected a str"
            )
        if not name:
            raise InputError(f"label {number} is empty, expected a name")
        if has_surrogates(name):
            raise InputError(f"a label holds a lone surrogate, {name!r}")
        if name in seen:
            raise InputError(f"a label occurs twice, {name!r}")
        seen.add(name)
