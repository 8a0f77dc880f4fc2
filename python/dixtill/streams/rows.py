"""A row of the input, and why one cannot be answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A row with a text to answer."""

    number: int  # of its first line, or of the row in a Parquet file; from 1
    text: str
    fields: dict[str, Any]  # all that the row holds, the text too
    source: Any = None  # what a writer of the same format takes instead: a line, a table


class BadRow(Exception):
    """A row that is left out, and the reason."""

    def __init__(self, number: int, reason: str, last: int | None = None) -> None:
        super().__init__(number, reason, last)
        self.number = number
        self.reason = reason
        self.last = last or number  # of its lines


Block = Sequence[Row | BadRow]  # rows that are answered at once, in their order


class Rows(NamedTuple):
    """An input: what its rows hold, where that is known ahead, and the rows."""

    columns: Sequence[str] | None  # none where each row names its own
    blocks: Iterator[Block]
    unit: str = "line"  # what `number` counts
    schema: Any = None  # of a Parquet file whose tables are the rows' source


def regrouped(blocks: Iterator[Block], size: int) -> Iterator[Block]:
    """The same rows in blocks of at least `size`, but for the last."""
    held: list[Row | BadRow] = []
    for block in blocks:
        held += block
        if len(held) >= size:
            yield held
            held = []
    if held:
        yield held
