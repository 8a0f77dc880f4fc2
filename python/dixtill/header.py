"""What all readers of tables share: the columns, those that answers add, and large CSV fields."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

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


def read_csv_rows(
    path: str | os.PathLike[str], file: TextIO, text_column: str
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header of an open CSV file, and each row with the line that it begins in.

    A line without anything is no row.

    Raises:
        InputError: the header cannot be used, or, later, a row has another number of fields.
        csv.Error: the file is not CSV.
    """
    allow_large_fields()
    reader = csv.reader(file, strict=True)
    header = next(reader, [])
    check_header(path, header, text_column)
    return header, _complete_rows(path, reader, len(header))


def _complete_rows(
    path: str | os.PathLike[str], reader: Any, num_fields: int
) -> Iterator[tuple[int, list[str]]]:
    line = reader.line_num + 1
    for row in reader:
        if row and len(row) != num_fields:
            raise InputError(
                f"{path}, line {line}: the row has {len(row)} fields, the header {num_fields}"
            )
        if row:
            yield line, row
        line = reader.line_num + 1
