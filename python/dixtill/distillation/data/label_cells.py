"""Reads the labels in the cells of a table: one of a text, several of it, or a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...errors import InputError
from ...tables import LABEL_COLUMN
from ...tables.labels import LabelColumn, LabelError, is_given, label_text, label_texts, number_of
from ..config import OutputKind

IF_NUMBERS = "if the texts are labeled with numbers to predict, say so (--numbers, numbers=True)"


@dataclass(frozen=True)
class LabelLayout:
    """Where a table has its labels, and what they are."""

    column: str = LABEL_COLUMN
    separator: str | None = None  # what joins several labels of a text; lists need none
    columns: tuple[str, ...] = ()  # one of 1 and 0 for each label, instead of `column`
    output: OutputKind | None = None  # None: several labels if a cell is a list, else one
    weight_column: str | None = None  # of numbers that say how much a text counts

    def __post_init__(self) -> None:
        """Raise InputError if the settings contradict each other."""
        if self.separator == "":
            raise InputError("the label separator is empty, expected characters such as '|'")
        if self.separator is not None and self.columns:
            raise InputError("label_separator and label_columns are both given; give only one")
        if (self.separator is not None or self.columns) and self.output in ("softmax", "number"):
            wanted = "one label" if self.output == "softmax" else "a number"
            raise InputError(
                "label_separator and label_columns are for several labels of a text, but "
                f"{wanted} is expected; leave them out, or use a model of several labels "
                "(problem_type multi_label_classification)"
            )

    @property
    def all_columns(self) -> tuple[str, ...]:
        """The columns that a table must have: those of labels, and then that of weights."""
        weights = (self.weight_column,) if self.weight_column else ()
        return (self.columns or (self.column,)) + weights

    @property
    def known_output(self) -> OutputKind | None:
        """What the settings alone say of the output."""
        return "sigmoid" if self.separator is not None or self.columns else self.output


class LabeledTexts(NamedTuple):
    """Texts with labels that have not been matched to classes yet."""

    texts: list[str]
    column: LabelColumn  # of all labels; those of a text stand together
    own_names: tuple[str, ...] | None = None  # the data set's names of the classes, in its order
    counts: Sequence[int] | None = None  # labels of each text; None if each has one
    numbers: Sequence[float] | None = None  # of the texts, which then have no labels
    weights: tuple[float, ...] | None = None  # of the texts

    @property
    def output(self) -> OutputKind:
        """The output of a classifier that could give these labels."""
        if self.numbers is not None:
            return "number"
        return "softmax" if self.counts is None else "sigmoid"


class Cells(NamedTuple):
    """The values of a table's label columns, before they are read."""

    table: str
    unit: str  # what `rows` count: lines or rows
    rows: Sequence[int]
    values: Sequence[tuple[Any, ...]]  # one for each column of the layout
    has_columns: bool = True  # whether the columns have names

    def place_of(self, i: int, column: str) -> str:
        """Say where the value of `column` in the row at index `i` is."""
        if not self.has_columns:
            return f"label {self.rows[i]}"
        return f"{self.table}, {self.unit} {self.rows[i]}: the column '{column}'"


def labeled(
    texts: list[str],
    cells: Cells,
    layout: LabelLayout,
    own_names: tuple[str, ...] | None = None,
) -> LabeledTexts:
    """Read the labels of `texts`.

    Raises:
        InputError: a value cannot be read as its layout says, or a text has no label where each
            must have one.
    """
    found = _labeled(texts, cells, layout, own_names)
    if not layout.weight_column:
        return found
    weights = tuple(
        _at(cells, i, layout.weight_column, _weight, row[-1]) for i, row in enumerate(cells.values)
    )
    if not any(weights):
        raise InputError(f"{cells.table}: all numbers in '{layout.weight_column}' are 0")
    return found._replace(weights=weights)


def _labeled(
    texts: list[str], cells: Cells, layout: LabelLayout, own_names: tuple[str, ...] | None
) -> LabeledTexts:
    output = layout.known_output
    if output is None:
        is_list = any(isinstance(row[0], (list, tuple)) for row in cells.values)
        output = "sigmoid" if is_list else "softmax"
    if output == "number":
        numbers = _read(cells, layout, number_of)
        return LabeledTexts(
            texts, LabelColumn(cells.table, cells.unit, (), ()), None, None, numbers
        )
    if output == "softmax":
        labels = _read(cells, layout, _only_label)
        column = LabelColumn(cells.table, cells.unit, cells.rows, labels)
        return LabeledTexts(texts, column, own_names)
    if layout.columns:
        own_names = layout.columns
        given = [_names_given(cells, i, layout.columns) for i in range(len(cells.values))]
    else:
        given = _read(cells, layout, lambda value: label_texts(value, layout.separator))
    counts = [len(labels) for labels in given]
    rows = [row for row, count in zip(cells.rows, counts, strict=True) for _ in range(count)]
    together = [label for labels in given for label in labels]
    column = LabelColumn(cells.table, cells.unit, rows, together)
    return LabeledTexts(texts, column, own_names, counts)


def _weight(value: Any) -> float:
    number = number_of(value)
    if number < 0:
        raise LabelError(f"is {value!r:.40}, expected a weight from 0 on")
    return number


def _only_label(value: Any) -> str:
    try:
        label = label_text(value)
    except LabelError as error:
        advice = f"; {IF_NUMBERS}" if isinstance(value, float) else ""
        raise LabelError(f"{error}{advice}") from None
    if not label:
        raise LabelError("is empty, expected a label for each text")
    return label


def _read(cells: Cells, layout: LabelLayout, read: Callable[[Any], Any]) -> list[Any]:
    """Return what `read` makes of each value of the only label column."""
    return [_at(cells, i, layout.column, read, row[0]) for i, row in enumerate(cells.values)]


def _names_given(cells: Cells, i: int, columns: Sequence[str]) -> list[str]:
    """Return those of the label columns that hold 1 in the row at index `i`."""
    values = zip(columns, cells.values[i][: len(columns)], strict=True)
    return [name for name, value in values if _at(cells, i, name, is_given, value)]


def _at(cells: Cells, i: int, column: str, read: Callable[[Any], Any], value: Any) -> Any:
    """Call `read`, and say in its error where the value is."""
    try:
        return read(value)
    except LabelError as error:
        raise InputError(f"{cells.place_of(i, column)} {error}") from None
