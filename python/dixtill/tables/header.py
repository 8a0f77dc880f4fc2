"""Check the columns of a table, and limit the size of a row."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from ..errors import InputError
from .pairs import pair_hint

LARGEST_FIELD = 1 << 22  # characters: bounds what an unclosed quotation mark can swallow
LARGEST_ROW = 4 * LARGEST_FIELD  # bytes: UTF-8 takes at most four for a character
TOO_LARGE = f"larger than {LARGEST_ROW >> 20} MB"
_MAX_LISTED = 500  # characters of column names in a message
_DELIMITERS = (";", "\t", ",", "|")


def check_header(
    path: str | os.PathLike[str],
    columns: Sequence[str],
    wanted: Iterable[str],
) -> None:
    """Raise InputError unless a table has all `wanted` columns and no name occurs twice."""
    for column in wanted:
        if column not in columns:
            raise InputError(
                f"{path} has no column '{column}'; it has {_listed(columns) or 'none'}"
                f"{_delimiter_hint(columns, column)}{pair_hint(columns)}"
            )
    if len(set(columns)) < len(columns):
        raise InputError(f"{path} has two columns with the same name: {_listed(columns)}")


def _listed(columns: Sequence[str]) -> str:
    """Join names by commas. The first line of a file that is not a table can be of any length."""
    names = ", ".join(columns)
    return names if len(names) <= _MAX_LISTED else f"{names[:_MAX_LISTED]}\N{HORIZONTAL ELLIPSIS}"


def _delimiter_hint(columns: Sequence[str], column: str) -> str:
    """Return advice if the wrong delimiter made the whole header one column."""
    for delimiter in _DELIMITERS if len(columns) == 1 else ():
        if column in columns[0].split(delimiter):
            name = "tab" if delimiter == "\t" else delimiter
            return f". Its fields may be separated by another character: try --delimiter '{name}'"
    return ""


def check_free(columns: Iterable[str], added: Iterable[str]) -> None:
    """Raise InputError if the table already has a column that the answers add."""
    taken = set(columns)
    for name in added:
        if name in taken:
            raise InputError(
                f"the data already have a column '{name}', which the answers would add; "
                "rename it first"
            )
