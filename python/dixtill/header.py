"""The columns of a table that is read, and those that answers add."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from .errors import InputError


def check_header(path: str | os.PathLike[str], columns: Sequence[str], text_column: str) -> None:
    """Whether a table can be read by its columns.

    Raises:
        InputError: `text_column` is absent, or two columns have one name.
    """
    if text_column not in columns:
        raise InputError(
            f"{path} has no column '{text_column}'; it has {', '.join(columns) or 'none'}"
        )
    if len(set(columns)) < len(columns):
        raise InputError(f"{path} has two columns of one name: {', '.join(columns)}")


def check_free(columns: Iterable[str], added: Iterable[str]) -> None:
    """Whether the columns that answers add have names of their own.

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
