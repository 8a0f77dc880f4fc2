"""Texts of a CSV file, with their true labels where it has them, by the standard library alone."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError
from ..header import check_header, read_csv_rows

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
            header, numbered = read_csv_rows(path, file, text_column)
            places = header.index(text_column), _label_place(path, header, label_column)
            rows = [_labelled(path, line, row, places, index) for line, row in numbered]
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path} as UTF-8 CSV: {error}") from error
    if not rows:
        raise InputError(f"{path} has a header but no rows")
    return rows


def _label_place(path: Path, header: Sequence[str], label_column: str | None) -> int | None:
    if label_column is None:
        return header.index(_LABEL_COLUMN) if _LABEL_COLUMN in header else None
    check_header(path, header, label_column)
    return header.index(label_column)


def _labelled(
    path: Path,
    line: int,
    row: Sequence[str],
    places: tuple[int, int | None],
    index: dict[str, str],
) -> LabelledText:
    text_place, label_place = places
    label = "" if label_place is None else row[label_place].strip()
    if label and label not in index:
        raise InputError(
            f"{path}, line {line}: unknown label '{label}', expected one of {', '.join(index)}"
        )
    return LabelledText(line, row[text_place], index.get(label))
