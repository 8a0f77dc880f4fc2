"""Read rows that are one line each: JSON lines and plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ..errors import InputError
from . import header
from .pairs import pair_hint
from .rows import BadRow, Block, MissingText, Row, Rows
from .source import Source

NOT_UTF8 = "not UTF-8"


def read_json_lines(source: Source, text_column: str) -> Rows:
    """Read one JSON object per line, skipping blank lines."""
    return Rows(None, _by_line(source, _json_row, text_column, skip_blank=True))


def read_text_lines(source: Source, text_column: str) -> Rows:
    """Read each line, even a blank one, as the text of a row."""
    return Rows([text_column], _by_line(source, _text_row, text_column, skip_blank=False))


def read_replacing(source: Source, name: str) -> Iterator[str]:
    """Yield the text of each line, with U+FFFD for bytes that are not UTF-8.

    Raises:
        InputError: a line is too large.
    """
    number = 0
    for lines in source.line_blocks():
        for line in lines:
            number += 1
            if len(line) > header.LARGEST_ROW:
                raise InputError(_too_large(number).sentence(name, "line"))
            yield _without_end(line).decode(errors="replace")


def _without_end(line: bytes) -> bytes:
    """Return a line without its LF, CR LF or CR."""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _by_line(
    source: Source,
    row_of: Callable[[int, bytes, str], Row | BadRow],
    text_column: str,
    skip_blank: bool,
) -> Iterator[Block]:
    number = 1
    for lines in source.line_blocks():
        rows: list[Row | BadRow] = []
        numbered = enumerate(lines, number)
        if len(lines[0]) > header.LARGEST_ROW:  # the other lines came in one, smaller, read
            rows.append(_too_large(next(numbered)[0]))
        rows += [
            row_of(n, line, text_column)
            for n, line in numbered
            if not (skip_blank and line.isspace())
        ]
        yield rows
        number += len(lines)


def _text_row(number: int, line: bytes, text_column: str) -> Row | BadRow:
    try:
        text = _without_end(line).decode()
    except UnicodeDecodeError:
        return BadRow(number, NOT_UTF8)
    return Row(number, text, {text_column: text})


def _too_large(number: int) -> BadRow:
    return BadRow(number, f"the line is {header.TOO_LARGE}")


class _NotJson(ValueError):
    """The line holds a constant that Python accepts but JSON does not define."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NotJson(f"{name} is not valid JSON")


class _TwoOfOneName(Exception):
    pass


def _of_different_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _TwoOfOneName
    return fields


def _has_two_of_one_name(line: bytes) -> bool:
    """Return whether any object of the line has two fields of the same name.

    Slow: it calls a Python function for each object.
    """
    try:
        _decode_strictly(line.decode())
    except _TwoOfOneName:
        return True
    except RecursionError:
        return False
    return False


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode
_decode_strictly = json.JSONDecoder(object_pairs_hook=_of_different_names).decode


def _json_row(number: int, line: bytes, text_column: str) -> Row | BadRow:
    try:
        line = _well_formed(line)
        fields = _decode(line.decode())
    except UnicodeDecodeError:
        return BadRow(number, NOT_UTF8)
    except json.JSONDecodeError as error:
        return BadRow(number, f"not JSON: {error.msg}, character {error.pos + 1}")
    except RecursionError:
        return BadRow(number, "not JSON: nested too deeply to be read")
    except _NotJson as error:
        return BadRow(number, str(error))
    except ValueError:  # Python limits digits because parsing takes quadratic time
        return BadRow(number, "an integer has more than 4,300 digits")
    if not isinstance(fields, dict):
        return BadRow(number, "not a JSON object")
    # Only surplus colons can come from a repeated name, which makes the slow check rare.
    if line.count(b":") > len(fields) and _has_two_of_one_name(line):
        return BadRow(number, "an object has two fields with the same name")
    if text_column not in fields:
        return BadRow(number, f"no field '{text_column}'{pair_hint(fields)}")
    text = fields[text_column]
    if text is None:
        return MissingText(number, f"the field '{text_column}' is null", fields)
    if not isinstance(text, str):
        return BadRow(number, f"the field '{text_column}' is not a string")
    return Row(number, text, fields, line.strip())


# Matches whole escapes, so that the second backslash of \\ never begins another escape.
_ESCAPE = re.compile(
    rb"(?i:\\u(?:d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(?P<half>d[89a-f][0-9a-f]{2})))|\\."
)


def _well_formed(line: bytes) -> bytes:
    """Return the line with U+FFFD for each escape of a lone surrogate, which UTF-8 cannot hold."""
    if b"\\u" not in line:
        return line
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], line)
