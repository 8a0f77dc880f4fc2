"""Read rows of CSV and TSV (CSV with tabs). Every value is text, because CSV has no types."""

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
    r"""Return the delimiter as one character; the names `tab` and `\t` mean a tab.

    Raises:
        InputError: it is not one character, or CSV uses that character for something else.
    """
    if delimiter in _TAB_NAMES:
        return "\t"
    if len(delimiter) != 1 or delimiter in '"\r\n\0 ':
        raise InputError(
            f"the delimiter is {delimiter!r}, expected one character, such as ',', ';' or 'tab'"
        )
    return delimiter


def read_delimited(source: Source, name: str, text_column: str, delimiter: str = ",") -> Rows:
    """Read the rows below a header, skipping empty lines.

    Raises:
        InputError: the header has no column `text_column`, or has two columns of the same name.
    """
    # The csv module's limit of 131,072 characters is too short for some articles. It is global.
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
    """Lines for csv.reader. Invalid bytes become lone surrogates, which mark the row as bad."""

    def __init__(self, source: Source) -> None:
        self._blocks = source.line_blocks()
        self._lines: Iterator[bytes] = iter(())
        self._num_known = 0  # lines read so far, including those not handed out yet
        self.number = 0  # number of the last line handed out
        self.room = header.LARGEST_ROW  # bytes that the current row may still take

    @property
    def is_drained(self) -> bool:
        """Whether the next line has to be read from the input."""
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
            if not source.is_stopped:  # a signal can cut a row in half
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
