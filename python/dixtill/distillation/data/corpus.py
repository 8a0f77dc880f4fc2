"""Reads and checks labeled texts, removes copies, and splits them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ... import limits
from ...errors import InputError
from ...specification.cleaning import clean
from ...tables.header import check_header
from ...tables.labels import LabelColumn, indices_of
from ...tables.pairs import check_single_texts, partners_of
from ...tables.table import BY_NAME, Layout, opened_table
from .hub_data import is_on_hub, read_hub


@dataclass(frozen=True)
class Corpus:
    """Texts and their classes, as indices into `label_names`."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    label_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int]) -> Corpus:
        """Return the rows at `indices`, in that order."""
        return Corpus(
            tuple(self.texts[i] for i in indices),
            tuple(self.labels[i] for i in indices),
            self.label_names,
        )

    def without(self, others: Corpus | Iterable[str]) -> Corpus:
        """Return the rows whose text, cleaned and case-folded, does not occur in `others`."""
        texts = others.texts if isinstance(others, Corpus) else others
        seen = {comparable(text) for text in texts}
        return self.take([i for i, text in enumerate(self.texts) if comparable(text) not in seen])

    def split(self, fraction: float, seed: int) -> tuple[Corpus, Corpus]:
        """Hold out `fraction` of each class; return the rest and the held-out rows.

        Raises:
            InputError: `fraction` is not between 0 and 1, or a part would be empty.
        """
        fraction = limits.PART.checked("the share to hold out", fraction)
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self))
        labels = np.asarray(self.labels)[order]
        held_out = np.zeros(len(self), dtype=bool)
        for label in range(len(self.label_names)):
            rows = order[labels == label]
            held_out[rows[: round(fraction * len(rows))]] = True
        if held_out.all() or not held_out.any():
            raise InputError(f"{len(self)} rows are too few to hold out {fraction:g} of each class")
        rest, held = np.flatnonzero(~held_out).tolist(), np.flatnonzero(held_out).tolist()
        return self.take(rest), self.take(held)

    def digest(self) -> str:
        """Return the SHA-256 of texts, labels and label names."""
        content = hashlib.sha256(repr(self.label_names).encode())
        for text, label in zip(self.texts, self.labels, strict=True):
            content.update(f"{label}\0".encode() + text.encode("utf-8", "surrogatepass") + b"\0")
        return content.hexdigest()


def comparable(text: str) -> str:
    """Return the form in which copies of a text are equal: cleaned and case-folded."""
    return " ".join(clean(text).casefold().split())


class LabeledTexts(NamedTuple):
    """Texts with labels that have not been matched to classes yet."""

    texts: list[str]
    column: LabelColumn
    own_names: tuple[str, ...] | None = None  # the data set's names of the classes, in its order


def read_corpus(
    path: str | Path,
    label_names: Sequence[str] | None = None,
    text_column: str = "text",
    label_column: str = "label",
    layout: Layout = BY_NAME,
) -> Corpus:
    """Read a file of labeled texts, or a data set on the hub (hub_data.py).

    See `read_corpora`, which reads several, for the arguments and errors.
    """
    (corpus,) = read_corpora([path], label_names, text_column, label_column, layout)
    return corpus


def read_corpora(
    paths: Sequence[str | Path],
    label_names: Sequence[str] | None = None,
    text_column: str = "text",
    label_column: str = "label",
    layout: Layout = BY_NAME,
) -> list[Corpus]:
    """Read files of labeled texts, or data sets on the hub, that share their labels.

    The labels of all files are read either as names or as indices into `label_names`
    (tables/labels.py), so a file that lacks a class is read like the others. Without `label_names`,
    the names come from the first data set: its own names, or the sorted values of its label column.

    Args:
        paths: CSV, TSV, JSON Lines or Parquet files; one with an unknown suffix is read as CSV.
        label_names: the names of the classes, in order.
        text_column: the column of the texts.
        label_column: the column of the labels.
        layout: the format, if the files' names do not tell it.

    Raises:
        InputError: a file cannot be read or has no rows, a column is missing, or a row has no text,
            no known label, or more or fewer fields than the header.
    """
    return matched(
        [read_labeled(path, text_column, label_column, layout) for path in paths], label_names
    )


def matched(
    tables: Sequence[LabeledTexts], label_names: Sequence[str] | None = None
) -> list[Corpus]:
    """Match the labels of all `tables` to classes; see `read_corpora`."""
    own_names = tables[0].own_names
    names = tuple(label_names or own_names or _names_in(tables[0].column.labels))
    aliases = {}
    if own_names and len(own_names) == len(names) and is_unnamed(names):
        aliases = {name: i for i, name in enumerate(own_names)}
    indices = indices_of([table.column for table in tables], names, aliases)
    return [
        Corpus(tuple(table.texts), tuple(labels), names)
        for table, labels in zip(tables, indices, strict=True)
    ]


def is_unnamed(labels: Sequence[str]) -> bool:
    """Return whether the labels are those of a teacher whose classes were given no names."""
    return tuple(labels) == tuple(f"LABEL_{i}" for i in range(len(labels)))


def read_labeled(
    path: str | Path, text_column: str, label_column: str, layout: Layout
) -> LabeledTexts:
    """Read a file or a data set on the hub; raise InputError as `read_corpora` does."""
    if is_on_hub(path):
        found = _of_hub(str(path), text_column, label_column)
    else:
        found = _of_file(str(path), text_column, label_column, layout)
    for i, label in enumerate(found.column.labels):
        if not label:
            raise InputError(f"{found.column.place_of(i)}: the column '{label_column}' is empty")
    return found


def _of_file(path: str, text_column: str, label_column: str, layout: Layout) -> LabeledTexts:
    columns = [text_column, label_column]
    only = [*columns, *partners_of(text_column)]
    with opened_table(path, text_column, layout, "csv", only) as table:
        if table.columns is not None:
            check_header(path, table.columns, columns)
        rows: list[tuple[int, str, str]] = []
        for row in table.rows_with_text():
            if not rows:
                check_single_texts(path, table.columns or row.fields, text_column)
            rows.append((row.number, row.text, table.label_of(row, label_column)))
    if not rows:
        raise table.error_without_rows()
    numbers, texts, labels = map(list, zip(*rows, strict=True))
    return LabeledTexts(texts, LabelColumn(table.name, table.unit, numbers, labels))


def _of_hub(location: str, text_column: str, label_column: str) -> LabeledTexts:
    found = read_hub(location, text_column, label_column)
    numbers = range(1, len(found.texts) + 1)
    texts = []
    for number, text in zip(numbers, found.texts, strict=True):
        if text is None:
            raise InputError(f"{location}, row {number}: the field '{text_column}' is null")
        texts.append(text)
    column = LabelColumn(location, "row", numbers, found.labels)
    return LabeledTexts(texts, column, found.label_names)


def _names_in(labels: Sequence[str]) -> tuple[str, ...]:
    values = set(labels)
    numeric = all(value.isdecimal() for value in values)
    return tuple(sorted(values, key=int if numeric else str))
