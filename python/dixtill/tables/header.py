"""The columns of tables, and how large a row may be."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from ..errors import InputError

LARGEST_FIELD = 1 << 22  # characters: what a quotation mark that is never closed can take
LARGEST_ROW = 4 * LARGEST_FIELD  # bytes: no character of UTF-8 has more than four
TOO_LARGE = f"larger than {LARGEST_ROW >> 20} MB"
_MAX_LISTED = 500  # characters of names, in a message
_DELIMITERS = (";", "\t", ",", "|")


def check_header(
    path: str | os.PathLike[str],
    columns: Sequence[str],
    wanted: Iterable[str],
) -> None:
    """Raise unless a table has the `wanted` columns, and each column a name of its own.

    Raises:
        InputError: one of `wanted` is absent, or two columns have one name.
    """
    for column in wanted:
        if column not in columns:
            raise InputError(
                f"{path} has no column '{column}'; it has {_listed(columns) or 'none'}"
                f"{_delimiter_hint(columns, column)}"
            )
    if len(set(columns)) < len(columns):
        raise InputError(f"{path} has two columns of one name: {_listed(columns)}")


def _listed(columns: Sequence[str]) -> str:
    """Names with commas; what is no table may have a first line of any length."""
    names = ", ".join(columns)
    return names if len(names) <= _MAX_LISTED else f"{names[:_MAX_LISTED]}\N{HORIZONTAL ELLIPSIS}"


def _delimiter_hint(columns: Sequence[str], column: str) -> str:
    """What to do where the whole header was taken for one column."""
    for delimiter in _DELIMITERS if len(columns) == 1 else ():
        if column in columns[0].split(delimiter):
            name = "tab" if delimiter == "\t" else delimiter
            return f". Its fields may be separated by another character: try --delimiter '{name}'"
    return ""


def check_free(columns: Iterable[str], added: Iterable[str]) -> None:
    """Raise unless the columns that answers add have names of their own.

    Raises:
        InputError: one is there already.
    """
    taken = set(columns)
    for name in added:
        if name in taken:
            raise InputError(
                f"the data have a column '{name}' already, which the answers are to add; "
                "rename it first"
            )
