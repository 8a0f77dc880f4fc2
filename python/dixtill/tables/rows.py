"""A row of a table, and what is wrong with one that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A row with a text."""

    number: int  # of its first line, or of the row in a Parquet file; from 1
    text: str
    fields: dict[str, Any]  # all that the row holds, the text too
    source: Any = None  # what a writer of the same format takes instead: a line, a table


class BadRow(Exception):
    """A row that cannot be used, and the reason."""

    def __init__(self, number: int, reason: str, last: int | None = None) -> None:
        super().__init__(number, reason, last)
        self.number = number
        self.reason = reason
        self.last = last or number  # of its lines

    def sentence(self, name: str, unit: str) -> str:
        """What is wrong in which rows of the table `name`, whose rows are counted in `unit`s."""
        place = f"{unit} {self.number}"
        if self.last > self.number:
            place = f"{unit}s {self.number} to {self.last}"
        return f"{name}, {place}: {self.reason}"


class MissingText(BadRow):
    """A row that is whole, but whose text is null."""

    def __init__(self, number: int, reason: str, fields: dict[str, Any]) -> None:
        super().__init__(number, reason)
        self.fields = fields


Block = Sequence[Row | BadRow]  # rows that can be handled at once, in their order


class Rows(NamedTuple):
    """A table: its columns, where they are known ahead, and its rows."""

    columns: Sequence[str] | None  # None where each row names its own
    blocks: Iterator[Block]
    unit: str = "line"  # what `number` counts
    schema: Any = None  # of a Parquet file whose tables are the rows' source


def regrouped(blocks: Iterator[Block], size: int) -> Iterator[Block]:
    """The same rows in blocks of at least `size`, except for the last."""
    held: list[Row | BadRow] = []
    for block in blocks:
        held += block
        if len(held) >= size:
            yield held
            held = []
    if held:
        yield held


def check_columns(row: Row | MissingText, columns: Sequence[str], num_rows: int) -> None:
    """Raise unless each field has a column, where the first `num_rows` rows decided on them.

    Raises:
        BadRow: a field has none.
    """
    if len(row.fields) > len(columns) or not row.fields.keys() <= set(columns):
        name = next(name for name in row.fields if name not in columns)
        raise BadRow(
            row.number,
            f"no column for its field '{name}', which the first {num_rows:,} rows decide",
        )
