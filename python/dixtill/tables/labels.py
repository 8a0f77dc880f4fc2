"""What the values of a label column stand for: the one rule for every reader of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import InputError


class LabelError(ValueError):
    """A value that cannot name a class; the message says what it is."""


def label_text(value: Any) -> str:
    """A label of any format as text, without blanks around it; empty where there is none.

    Whole numbers are the same in CSV, JSON and Parquet, also where a library made floats of them.

    Raises:
        LabelError: it is a list, an object or a number with a fraction.
    """
    if value is None or value != value:  # NaN, the missing number of pandas
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    raise LabelError(f"is {value!r:.40}, expected a name or an index")


class LabelColumn(NamedTuple):
    """The labels of a table, and the rows that they stand in."""

    table: str
    unit: str  # what `numbers` count
    numbers: Sequence[int]
    labels: Sequence[str]

    def place_of(self, i: int) -> str:
        """Where the label at index `i` stands."""
        return f"{self.table}, {self.unit} {self.numbers[i]}"


def indices_of(
    columns: Sequence[LabelColumn], names: Sequence[str], aliases: Mapping[str, int] | None = None
) -> list[list[int]]:
    """The classes that labels stand for: all are names, or all are indices into `names`.

    That holds for all `columns` together, so that a file which lacks a class is not read in
    another way than the files it belongs to. Where all labels fit both, as 1 and 2 do for classes
    named 1, 2 and 3, they are names.

    Args:
        columns: all that one command reads.
        names: of the classes, in their order.
        aliases: other names of the classes.

    Raises:
        InputError: a label is neither, or there are names and indices.
    """
    by_name = {name.strip(): i for i, name in enumerate(names)} | dict(aliases or {})
    by_index = {str(i): i for i in range(len(names))}
    for meaning in (by_name, by_index):
        if all(label in meaning for column in columns for label in column.labels):
            return [[meaning[label] for label in column.labels] for column in columns]
    raise _error(columns, names, by_name, by_index)


def _error(
    columns: Sequence[LabelColumn],
    names: Sequence[str],
    by_name: Mapping[str, int],
    by_index: Mapping[str, int],
) -> InputError:
    last = len(names) - 1
    name = index = ""  # the first of each
    for column in columns:
        for i, label in enumerate(column.labels):
            if label not in by_name and label not in by_index:
                return InputError(
                    f"{column.place_of(i)}: label '{label}' is none of {', '.join(names)}, nor an "
                    f"index from 0 to {last}"
                )
            if label not in by_index:
                name = name or f"'{label}' ({column.place_of(i)}) is a name"
            if label not in by_name:
                index = index or f"'{label}' ({column.place_of(i)}) is an index"
    return InputError(
        f"label {name}, but {index}: labels are all names, of {', '.join(names)}, or all indices, "
        f"from 0 to {last}"
    )
