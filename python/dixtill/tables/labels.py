"""What the values of a label column stand for: the one rule for every reader of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import InputError


class LabelError(ValueError):
    """A value that cannot name a class; the message says what it is."""


def label_text(value: Any) -> str:
    """A label of any format as text, without blanks around it; empty where there is none.

    Whole numbers are the same in CSV, JSON and Parquet. So are floats of JSON and Parquet that are
    whole, as a library makes them; the text 1.0 of a CSV file, which may be a class's name, stays.

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
    """The classes that labels stand for: in a column all are names, or all are indices.

    Where all fit both, as 1 and 2 do for classes named 1, 2 and 3, they are names; but indices
    where the other columns are, so that a file which lacks a class is read like the others. Where
    names are numbers that are other classes' indices, all columns have to be of one kind.

    Args:
        columns: all that one command reads.
        names: of the classes, in their order.
        aliases: other names of the classes.

    Raises:
        InputError: a label is neither, a column has names and indices, or one has names and
            another has indices that could be taken for names.
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


def _readings(column: LabelColumn, *meanings: Mapping[str, int]) -> list[Mapping[str, int]]:
    """Those of `meanings` that every label of the column has."""
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
            f"{indices[0].table} has indices of classes where {named[0].table} has their names, "
            f"{', '.join(names)}; as these are numbers too, use names in both or indices in both"
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
            return InputError(
                f"{column.place_of(i)}: label '{label}' is none of {', '.join(names)}, nor an "
                f"index from 0 to {last}"
            )
    name = next(i for i, label in enumerate(labels) if label not in by_index)
    index = next(i for i, label in enumerate(labels) if label not in by_name)
    return InputError(
        f"{column.place_of(index)}: label '{labels[index]}' is an index, but '{labels[name]}' in "
        f"{column.unit} {column.numbers[name]} is a name; expected names alone, of "
        f"{', '.join(names)}, or indices alone, from 0 to {last}"
    )
