"""What all readers of tables share: the columns, those that answers add, and large CSV fields."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence

from .errors import InputError

LARGEST_FIELD = 1 << 22  # characters: what a quotation mark that is never closed can take


def allow_large_fields() -> None:
    """Let the csv module read fields of up to LARGEST_FIELD characters.

    Its own limit is 131,072, which an article passes. It is one for all readers of the process, so
    it is only ever raised.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_FIELD))


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
