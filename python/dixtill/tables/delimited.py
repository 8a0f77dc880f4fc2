"""Rows of CSV, and of TSV, which is CSV with tabs. Every value is text, as CSV has no types."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from ..errors import InputError
from . import header
from .lines import NOT_UTF8
from .rows import BadRow, Block, Row, Rows
from .source import Source

_TAB_NAMES = ("tab", r"\t")


def checked_delimiter(delimiter: str) -> str:
    """A character that can separate fields; `tab` and a backslash with t are a tab.

    Raises:
        InputError: it is not one character, or it is one that CSV uses for something else.
    """
    if delimiter in _TAB_NAMES:
        return "\t"
    if len(delimiter) != 1 or delimiter in '"\r\n\0 ':
        raise InputError(
            f"the delimiter is {delimiter!r}, expected one character, such as ',', ';' or 'tab'"
        )
    return delimiter


def read_delimited(source: Source, name: str, text_column: str, delimiter: str = ",") -> Rows:
    """The rows below a header. A line without anything is no row.

    Raises:
        InputError: the header has no column `text_column`, or two of one name.
    """
    # The csv module's own limit, 131,072, is less than an article; it is one for the process.
    csv.field_size_limit(max(csv.field_size_limit(), header.LARGEST_FIELD))
    lines = _DecodedLines(source)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    columns = _columns(reader, name)
    if source.is_stopped and not columns:
        return Rows((), iter(()))
    header.check_header(name, columns, [text_column])
    return Rows(columns, _blocks(source, lines, reader, columns, text_column))


def _columns(reader: Any, name: str) -> list[str]:
    try:
        columns: list[str] = next(reader, [])
        "".join(columns).encode()
    except csv.Error as error:
        raise InputError(f"{name}: its header is not CSV: {error}") from None
    except UnicodeEncodeError:
        raise InputError(f"{name}: its header is not UTF-8; save the file as UTF-8") from None
    return columns


class _DecodedLines:
    """Lines for csv.reader; bytes that are not UTF-8 become surrogates, which no UTF-8 holds."""

    def __init__(self, source: Source) -> None:
        self._blocks = source.line_blocks()
        self._lines: Iterator[bytes] = iter(())
        self._num_known = 0  # of the lines so far, and those that have not to be waited for
        self.number = 0  # of the last line that was given
        self.room = header.LARGEST_ROW  # bytes that are left to the row

    @property
    def is_drained(self) -> bool:
        """Whether getting the next line means waiting for the input."""
        return self.number == self._num_known

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while self.number == self._num_known:
            block = next(self._blocks)
            self._lines = iter(block)
            self._num_known += len(block)
        line = next(self._lines)
        self.number += 1
        self.room -= len(line)
        if self.room < 0:
            raise csv.Error(f"the row is {header.TOO_LARGE}")
        return line.decode("utf-8", "surrogateescape")


def _blocks(
    source: Source, lines: _DecodedLines, reader: Any, columns: list[str], text_column: str
) -> Iterator[Block]:
    block: list[Row | BadRow] = []
    position = columns.index(text_column)
    while True:
        if lines.is_drained:
            yield block
            block = []
        number = lines.number + 1
        lines.room = header.LARGEST_ROW
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if not source.is_stopped:  # which leaves half a row
                block.append(BadRow(number, f"not CSV: {error}", lines.number))
            continue
        if values and (reason := _fault(values, columns)):
            block.append(BadRow(number, reason, lines.number))
        elif values:
            fields = dict(zip(columns, values, strict=True))
            block.append(Row(number, values[position], fields))


def _fault(values: list[str], columns: list[str]) -> str | None:
    if len(values) != len(columns):
        return f"the row has {len(values)} fields, the header {len(columns)}"
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return NOT_UTF8
    return None
