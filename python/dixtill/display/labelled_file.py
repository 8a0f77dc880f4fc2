"""Texts of a CSV file, with their true labels where it has them, by the standard library alone."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError

_LABEL_COLUMN = "label"


class LabelledText(NamedTuple):
    """A text with its line in the file and its label, where it has them."""

    line: int | None
    text: str
    label: str | None


def read_labelled(
    path: Path, labels: Sequence[str], text_column: str, label_column: str | None
) -> list[LabelledText]:
    """The rows of a UTF-8 CSV file with a header; labels are names or indices into `labels`.

    Without `label_column`, labels are read of a column 'label' if there is one.

    Raises:
        InputError: the file is missing or no such CSV, has no such column or no row, or a label
            is unknown.
    """
    index = {str(number): name for number, name in enumerate(labels)}
    index |= {name: name for name in labels}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            columns = _columns(path, reader.fieldnames or (), text_column, label_column)
            rows = list(_rows(path, reader, *columns, index))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path} as UTF-8 CSV: {error}") from error
    if not rows:
        raise InputError(f"{path} has a header but no rows")
    return rows


def _columns(
    path: Path, header: Sequence[str], text_column: str, label_column: str | None
) -> tuple[str, str | None]:
    if label_column is None and _LABEL_COLUMN in header:
        label_column = _LABEL_COLUMN
    for column in (text_column, label_column):
        if column is not None and column not in header:
            raise InputError(
                f"{path} has no column '{column}'; its header is {', '.join(header) or 'empty'}"
            )
    return text_column, label_column


def _rows(
    path: Path,
    reader: csv.DictReader[str],
    text_column: str,
    label_column: str | None,
    index: dict[str, str],
) -> Iterator[LabelledText]:
    for row in reader:
        label = ((row[label_column] if label_column else None) or "").strip()
        if label and label not in index:
            raise InputError(
                f"{path}, line {reader.line_num}: unknown label '{label}', expected one of "
                f"{', '.join(index)}"
            )
        yield LabelledText(reader.line_num, row[text_column] or "", index.get(label))
