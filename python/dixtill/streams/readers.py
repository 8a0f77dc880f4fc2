"""Rows of JSON lines, text lines and CSV. parquet.py has those of Parquet files."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ..errors import InputError
from ..header import allow_large_fields, check_header
from .rows import BadRow, Block, Row, Rows
from .source import Source

_NOT_UTF8 = "not UTF-8"


def read_json_lines(source: Source, text_column: str) -> Rows:
    """A row for each line that is a JSON object; blank lines are passed over."""

    def row(number: int, line: bytes) -> Row | BadRow:
        try:
            return _json_row(number, line, text_column)
        except BadRow as bad:
            return bad

    return Rows(None, _by_line(source, row))


def read_text_lines(source: Source, text_column: str) -> Rows:
    """A row for each line, which is its text; a blank one too."""

    def row(number: int, line: bytes) -> Row | BadRow:
        try:
            text = line.removesuffix(b"\n").removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            return BadRow(number, _NOT_UTF8)
        return Row(number, text, {text_column: text})

    return Rows([text_column], _by_line(source, row, skip_blank=False))


def read_csv(source: Source, text_column: str, name: str) -> Rows:
    """The rows below a header; every value is text, as CSV has no types.

    Raises:
        InputError: the header has no column `text_column`, or two of one name.
    """
    allow_large_fields()
    lines = _DecodedLines(source)
    reader = csv.reader(lines, strict=True)
    header = _csv_header(reader, name)
    if source.is_stopped and not header:
        return Rows((), iter(()))
    check_header(name, header, text_column)
    return Rows(header, _csv_blocks(source, lines, reader, header, text_column))


def _csv_header(reader: Any, name: str) -> list[str]:
    try:
        header: list[str] = next(reader, [])
        "".join(header).encode()
    except csv.Error as error:
        raise InputError(f"{name}: its header is not CSV: {error}") from None
    except UnicodeEncodeError:
        raise InputError(f"{name}: its header is not UTF-8; save the file as UTF-8") from None
    return header


def _by_line(
    source: Source, row: Callable[[int, bytes], Row | BadRow], skip_blank: bool = True
) -> Iterator[Block]:
    number = 1
    for lines in source.line_blocks():
        numbered = enumerate(lines, number)
        yield [row(n, line) for n, line in numbered if not (skip_blank and line.isspace())]
        number += len(lines)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is none of its values")


_decode_json = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _json_row(number: int, line: bytes, text_column: str) -> Row:
    try:
        fields = _decode_json(line.decode())
    except UnicodeDecodeError:
        raise BadRow(number, _NOT_UTF8) from None
    except json.JSONDecodeError as error:
        raise BadRow(number, f"not JSON: {error.msg}, character {error.pos + 1}") from None
    except (ValueError, RecursionError) as error:
        raise BadRow(number, f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise BadRow(number, "not a JSON object")
    if text_column not in fields:
        raise BadRow(number, f"no field '{text_column}'")
    text = fields[text_column]
    if not isinstance(text, str):
        raise BadRow(number, f"the field '{text_column}' is no string")
    return Row(number, text, fields, _well_formed(line.strip()))


# Each escape whole, so that no backslash is taken for the begin of another.
_ESCAPE = re.compile(
    rb"(?i:\\u(?:d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(?P<half>d[89a-f][0-9a-f]{2})))|\\."
)


def _well_formed(line: bytes) -> bytes:
    """The line with U+FFFD for each escape that stands for half a character, else as it was."""
    if b"\\u" not in line:
        return line
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], line)


class _DecodedLines:
    """Lines for csv.reader; bytes that are no UTF-8 become surrogates, which no UTF-8 holds."""

    def __init__(self, source: Source) -> None:
        self._blocks = source.line_blocks()
        self._lines: Iterator[bytes] = iter(())
        self._num_left = 0

    @property
    def is_drained(self) -> bool:
        """Whether the next line has to be waited for."""
        return not self._num_left

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self._num_left:
            block = next(self._blocks)
            self._lines, self._num_left = iter(block), len(block)
        self._num_left -= 1
        return next(self._lines).decode("utf-8", "surrogateescape")


def _csv_blocks(
    source: Source, lines: _DecodedLines, reader: Any, header: list[str], text_column: str
) -> Iterator[Block]:
    block: list[Row | BadRow] = []
    position = header.index(text_column)
    while True:
        if lines.is_drained:
            yield block
            block = []
        number = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if not source.is_stopped:  # which leaves half a row
                block.append(BadRow(number, f"not CSV: {error}", reader.line_num))
            continue
        if values and (reason := _csv_fault(values, header)):
            block.append(BadRow(number, reason, reader.line_num))
        elif values:
            fields = dict(zip(header, values, strict=True))
            block.append(Row(number, values[position], fields))


def _csv_fault(values: list[str], header: list[str]) -> str | None:
    if len(values) != len(header):
        return f"the row has {len(values)} fields, the header {len(header)}"
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return _NOT_UTF8
    return None
