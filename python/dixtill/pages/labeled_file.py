"""Read the texts of a table and their true labels, if it has any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..tables.header import check_header
from ..tables.labels import LabelColumn, indices_of
from ..tables.table import BY_NAME, Layout, opened_table

_LABEL_COLUMN = "label"


class LabeledText(NamedTuple):
    """A text, its line or row in the file, and its label; None if it has none."""

    line: int | None
    text: str
    label: str | None


def read_labeled(
    path: Path,
    labels: Sequence[str] | None,
    text_column: str,
    label_column: str | None,
    layout: Layout = BY_NAME,
) -> list[LabeledText]:
    """Read the rows of a table, whose labels are either all names or all indices into `labels`.

    Without `label_column`, labels are read from the column 'label' if there is one. If `labels` is
    None, no labels are read.

    Raises:
        InputError: the file cannot be read, lacks a column, has no rows, or a label is unknown.
    """
    column = label_column or _LABEL_COLUMN
    with opened_table(str(path), text_column, layout, "csv", [text_column, column]) as table:
        if label_column and table.columns is not None:
            check_header(path, table.columns, [label_column])
        rows = [
            LabeledText(
                row.number, row.text, (table.label_of(row, column) or None) if labels else None
            )
            for row in table.rows_with_text()
        ]
    if not rows:
        raise table.error_without_rows()
    labeled = [row for row in rows if row.label is not None]
    numbers, _, given = zip(*labeled, strict=True) if labeled else ((), (), ())
    if labels is None:
        return rows
    (indices,) = indices_of([LabelColumn(table.name, table.unit, numbers, given)], labels)
    known = iter(indices)
    return [row if row.label is None else row._replace(label=labels[next(known)]) for row in rows]
