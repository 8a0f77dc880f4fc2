"""Turn the values of label columns into class indices, by one rule for every reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

from ..errors import InputError, shortened

_MAX_LISTED = 20  # different labels in a message

_YES_OR_NO = {"1": True, "true": True, "0": False, "false": False}


class LabelError(ValueError):
    """A value cannot be a label; the message quotes it."""


def label_text(value: Any) -> str:
    """Return a label as text without surrounding blanks; a missing one is the empty string.

    Whole numbers give the same text in CSV, JSON and Parquet. A whole float of JSON or Parquet,
    which libraries write for an integer, gives the integer's text. The text 1.0 of a CSV file
    stays as it is, because a class may be named so.

    Raises:
        LabelError: the value is a list, an object or a number with a fraction.
    """
    if value is None or value != value:  # NaN is pandas' missing number
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    raise LabelError(f"is {value!r:.40}, expected a name or an index")


class UnknownLabelError(InputError):
    """A label is neither a name nor an index of a class; the message lists both sides' labels."""


def label_texts(value: Any, separator: str | None = None) -> list[str]:
    """Return the labels of a text: those of a list, or the parts of a str between separators.

    An empty str and an empty list mean no labels. Without a separator, a str is one label.

    Raises:
        LabelError: the value is None, or a part is a list, an object or a number with a fraction.
    """
    if value is None:
        raise LabelError("is null or missing, expected a list of labels, which may be empty")
    if isinstance(value, str) and separator is not None:
        value = value.split(separator)
    parts = value if isinstance(value, (list, tuple)) else [value]
    return [text for text in map(label_text, parts) if text]


def number_of(value: Any) -> float:
    """Return the number that a text is labeled with.

    Raises:
        LabelError: it is missing, not a number, or not finite.
    """
    try:
        number = float("nan") if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not isfinite(number):
        raise LabelError(f"is {value!r:.40}, expected a finite number")
    return number


def is_given(value: Any) -> bool:
    """Return whether a label's own column says that a text has it: 1 or true, against 0 or false.

    Raises:
        LabelError: it says neither.
    """
    text = label_text(value).lower()
    if text not in _YES_OR_NO:
        raise LabelError(f"is {value!r:.40}, expected 1 or 0")
    return _YES_OR_NO[text]


class LabelColumn(NamedTuple):
    """The labels of a table and the numbers of their rows."""

    table: str
    unit: str  # what `numbers` count: lines or rows
    numbers: Sequence[int]
    labels: Sequence[str]

    def place_of(self, i: int) -> str:
        """Say where the label at index `i` is: table, and line or row."""
        return f"{self.table}, {self.unit} {self.numbers[i]}"


def indices_of(
    columns: Sequence[LabelColumn], names: Sequence[str], aliases: Mapping[str, int] | None = None
) -> list[list[int]]:
    """Return the class index of each label of each column.

    The labels of a column are either all names or all indices. If they could be both, such as 1
    and 2 for classes named 1, 2 and 3, they are taken for names, unless every column that is
    unambiguous has indices: a file in which one class is missing is read like the others. If a
    class's name is the index of another class, all columns must be of the same kind.

    Args:
        columns: all label columns that one command reads.
        names: the names of the classes, in order.
        aliases: other names of the classes, with their indices.

    Raises:
        UnknownLabelError: a label is neither a name nor an index.
        InputError: a column mixes both, or one column has names and another has indices that could
            be taken for names.
    """
    by_name = {name.strip(): i for i, name in enumerate(names)} | dict(aliases or {})
    by_index = {str(i): i for i in range(len(names))}
    readings = [_readings(column, by_name, by_index) for column in columns]
    for column, possible in zip(columns, readings, strict=True):
        if not possible:
            raise _error(column, names, by_name, by_index)
    certain = [possible[0] for possible in readings if len(possible) == 1]
    if any(by_index.get(name, i) != i for name, i in by_name.items()):
        _check_of_one_kind(columns, readings, names, by_index)
    is_index = bool(certain) and all(reading is by_index for reading in certain)
    by_default = by_index if is_index else by_name
    return [
        [(possible[0] if len(possible) == 1 else by_default)[label] for label in column.labels]
        for column, possible in zip(columns, readings, strict=True)
    ]


def _listed(labels: Sequence[str]) -> str:
    """Return the different labels in order, the first ones of many."""
    found = sorted(set(labels))
    shown = [shortened(label) for label in found[:_MAX_LISTED]]
    return ", ".join(shown) + (
        f" and {len(found) - len(shown)} more" if found[len(shown) :] else ""
    )


def _readings(column: LabelColumn, *meanings: Mapping[str, int]) -> list[Mapping[str, int]]:
    """Return those of `meanings` that contain every label of the column."""
    return [meaning for meaning in meanings if all(label in meaning for label in column.labels)]


def _check_of_one_kind(
    columns: Sequence[LabelColumn],
    readings: Sequence[Sequence[Mapping[str, int]]],
    names: Sequence[str],
    by_index: Mapping[str, int],
) -> None:
    certain = [
        (column, of[0]) for column, of in zip(columns, readings, strict=True) if len(of) == 1
    ]
    indices = [column for column, reading in certain if reading is by_index]
    named = [column for column, reading in certain if reading is not by_index]
    if indices and named:
        raise InputError(
            f"{indices[0].table} has class indices, but {named[0].table} has class names "
            f"({', '.join(names)}); as these names are numbers, use names in both or "
            "indices in both"
        )


def _error(
    column: LabelColumn,
    names: Sequence[str],
    by_name: Mapping[str, int],
    by_index: Mapping[str, int],
) -> InputError:
    last = len(names) - 1
    labels = column.labels
    for i, label in enumerate(labels):
        if label not in by_name and label not in by_index:
            return UnknownLabelError(
                f"{column.place_of(i)}: label '{label}' is not one of {', '.join(names)}, nor an "
                f"index from 0 to {last}; the column has {_listed(labels)}"
            )
    name = next(i for i, label in enumerate(labels) if label not in by_index)
    index = next(i for i, label in enumerate(labels) if label not in by_name)
    return InputError(
        f"{column.place_of(index)}: label '{labels[index]}' is an index, but '{labels[name]}' in "
        f"{column.unit} {column.numbers[name]} is a name; use either names ({', '.join(names)}) "
        f"or indices (0 to {last}) in the whole column"
    )
