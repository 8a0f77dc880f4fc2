"""Rows of tables, and rows that cannot be used, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A row with a text."""

    number: int  # of its first line, or of the row in a Parquet file; counts from 1
    text: str
    fields: dict[str, Any]  # all values of the row, including the text
    source: Any = None  # the original line or Arrow table, for a writer of the same format


class BadRow(Exception):
    """A row that cannot be used, and the reason."""

    def __init__(self, number: int, reason: str, last: int | None = None) -> None:
        super().__init__(number, reason, last)
        self.number = number
        self.reason = reason
        self.last = last or number  # number of its last line

    def sentence(self, name: str, unit: str) -> str:
        """Say what is wrong and where: the table's `name` and the number of the `unit`."""
        place = f"{unit} {self.number}"
        if self.last > self.number:
            place = f"{unit}s {self.number} to {self.last}"
        return f"{name}, {place}: {self.reason}"


class MissingText(BadRow):
    """A readable row whose text is null."""

    def __init__(self, number: int, reason: str, fields: dict[str, Any]) -> None:
        super().__init__(number, reason)
        self.fields = fields


Block = Sequence[Row | BadRow]  # consecutive rows, handled together


class Rows(NamedTuple):
    """A table: its rows, and its columns if they are known in advance."""

    columns: Sequence[str] | None  # None if each row names its own fields, as in JSON lines
    blocks: Iterator[Block]
    unit: str = "line"  # what the rows' numbers count
    schema: Any = None  # the Arrow schema, if the rows refer to tables of a Parquet file


def regrouped(blocks: Iterator[Block], size: int) -> Iterator[Block]:
    """Regroup rows into blocks of at least `size`; the last one may be smaller."""
    held: list[Row | BadRow] = []
    for block in blocks:
        held += block
        if len(held) >= size:
            yield held
            held = []
    if held:
        yield held


def check_columns(row: Row | MissingText, columns: Sequence[str], num_rows: int) -> None:
    """Raise BadRow unless each field has a column; the first `num_rows` rows decided on these."""
    if len(row.fields) > len(columns) or not row.fields.keys() <= set(columns):
        name = next(name for name in row.fields if name not in columns)
        raise BadRow(
            row.number,
            f"the field '{name}' has no column; the columns are those of the first "
            f"{num_rows:,} rows",
        )
