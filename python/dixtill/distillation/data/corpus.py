"""Reads and checks labeled texts, removes copies, and splits them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ... import limits
from ...errors import InputError
from ...specification.cleaning import clean
from ...tables import LABEL_COLUMN
from ...tables.header import check_header
from ...tables.labels import indices_of
from ...tables.pairs import check_single_texts, partners_of
from ...tables.table import BY_NAME, Layout, opened_table
from ..config import OutputKind
from .hub_data import is_on_hub, read_hub
from .label_cells import IF_NUMBERS, Cells, LabeledTexts, LabelLayout, labeled

Label: TypeAlias = int | tuple[int, ...] | float
"""What a text is labeled with: a class, several classes in ascending order, or a number."""

ANY = LabelLayout()
_VALUE = "value"  # the name of a number whose column is called 'label'
_MOST_GROUPS, _SMALLEST_GROUP = 10, 20  # of numbers in ascending order


@dataclass(frozen=True)
class Corpus:
    """Texts with their labels: classes, as indices into `label_names`, or numbers."""

    texts: tuple[str, ...]
    labels: tuple[Label, ...]
    label_names: tuple[str, ...]  # of a number, one name
    output: OutputKind = "softmax"  # of a classifier that gives such labels
    weights: tuple[float, ...] | None = None  # how much each text counts; None: all the same

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int]) -> Corpus:
        """Return the rows at `indices`, in that order."""
        return Corpus(
            tuple(self.texts[i] for i in indices),
            tuple(self.labels[i] for i in indices),
            self.label_names,
            self.output,
            None if self.weights is None else tuple(self.weights[i] for i in indices),
        )

    @property
    def targets(self) -> npt.NDArray[Any]:
        """The labels as an array: int64 [N], bool [N, C] of several labels, or float64 [N, 1]."""
        if self.output == "softmax":
            return np.asarray(self.labels, np.int64)
        if self.output == "number":
            return np.asarray(self.labels, np.float64)[:, None]
        found = np.zeros((len(self), len(self.label_names)), dtype=bool)
        for row, labels in zip(found, self.labels, strict=True):
            assert isinstance(labels, tuple)  # as the output says
            row[list(labels)] = True
        return found

    def without(self, others: Corpus | Iterable[str]) -> Corpus:
        """Return the rows whose text, cleaned and case-folded, does not occur in `others`."""
        texts = others.texts if isinstance(others, Corpus) else others
        seen = {comparable(text) for text in texts}
        return self.take([i for i, text in enumerate(self.texts) if comparable(text) not in seen])

    def split(self, fraction: float, seed: int) -> tuple[Corpus, Corpus]:
        """Hold out `fraction` of each of the `groups`; return the rest and the held-out rows.

        Raises:
            InputError: `fraction` is not between 0 and 1, or a part would be empty.
        """
        fraction = limits.PART.checked("the share to hold out", fraction)
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self))
        groups = self.groups[order]
        held_out = np.zeros(len(self), dtype=bool)
        for group in range(groups.max(initial=-1) + 1):
            rows = order[groups == group]
            held_out[rows[: round(fraction * len(rows))]] = True
        if held_out.all() or not held_out.any():
            raise InputError(f"{len(self)} rows are too few to hold out {fraction:g} of each class")
        rest, held = np.flatnonzero(~held_out).tolist(), np.flatnonzero(held_out).tolist()
        return self.take(rest), self.take(held)

    @property
    def groups(self) -> npt.NDArray[np.int64]:
        """The group of each text, int64 [N]: its class.

        Of several labels, it is the rarest one, and C without any. Numbers in ascending order are
        divided into ten groups, or fewer if these had less than 20 texts.
        """
        targets = self.targets
        if self.output == "softmax":
            return targets
        if self.output == "number":
            ranks = np.argsort(np.argsort(targets[:, 0], kind="stable"))
            num_groups = min(_MOST_GROUPS, max(1, len(self) // _SMALLEST_GROUP))
            return ranks * num_groups // len(self)
        rarest_first = np.argsort(targets.sum(axis=0), kind="stable")
        found: npt.NDArray[np.int64] = targets[:, rarest_first].argmax(axis=1)
        return np.where(targets.any(axis=1), rarest_first[found], len(rarest_first))

    def digest(self) -> str:
        """Return the SHA-256 of texts, labels and label names."""
        kind = "" if self.output == "softmax" else f"{self.output} "
        content = hashlib.sha256(f"{kind}{self.label_names!r}".encode())
        for text, label in zip(self.texts, self.labels, strict=True):
            content.update(f"{label}\0".encode() + text.encode("utf-8", "surrogatepass") + b"\0")
        if self.weights is not None:
            content.update(repr(self.weights).encode())
        return content.hexdigest()


def comparable(text: str) -> str:
    """Return the form in which copies of a text are equal: cleaned and case-folded."""
    return " ".join(clean(text).casefold().split())


def read_corpus(
    path: str | Path,
    label_names: Sequence[str] | None = None,
    text_column: str = "text",
    label_layout: LabelLayout = ANY,
    layout: Layout = BY_NAME,
) -> Corpus:
    """Read a file of labeled texts, or a data set on the hub (hub_data.py).

    See `read_corpora`, which reads several, for the arguments and errors.
    """
    (corpus,) = read_corpora([path], label_names, text_column, label_layout, layout)
    return corpus


def read_corpora(
    paths: Sequence[str | Path],
    label_names: Sequence[str] | None = None,
    text_column: str = "text",
    label_layout: LabelLayout = ANY,
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
        label_layout: the columns of the labels, and what they hold.
        layout: the format, if the files' names do not tell it.

    Raises:
        InputError: a file cannot be read or has no rows, a column is missing, or a row has no text,
            no known label, or more or fewer fields than the header.
    """
    tables = [read_labeled(path, text_column, label_layout, layout) for path in paths]
    return matched(tables, label_names, label_layout)


def matched(
    tables: Sequence[LabeledTexts],
    label_names: Sequence[str] | None,
    label_layout: LabelLayout = ANY,
) -> list[Corpus]:
    """Match the labels of all `tables` to classes; see `read_corpora`.

    If one table has several labels for a text, the only label of a text is one of several.
    """
    if tables[0].output == "number":
        name = _number_name(label_names, label_layout)
        return [
            Corpus(tuple(table.texts), tuple(table.numbers or ()), (name,), "number", table.weights)
            for table in tables
        ]
    own_names = tables[0].own_names
    names = tuple(label_names or own_names or _names_in(tables[0].column.labels))
    aliases = {}
    if own_names and len(own_names) == len(names) and is_unnamed(names):
        aliases = {name: i for i, name in enumerate(own_names)}
    indices = indices_of([table.column for table in tables], names, aliases)
    if all(table.output == "softmax" for table in tables):
        return [
            Corpus(tuple(table.texts), tuple(labels), names, "softmax", table.weights)
            for table, labels in zip(tables, indices, strict=True)
        ]
    return [
        Corpus(tuple(table.texts), _sets(labels, table.counts), names, "sigmoid", table.weights)
        for table, labels in zip(tables, indices, strict=True)
    ]


def _sets(labels: Sequence[int], counts: Sequence[int] | None) -> tuple[tuple[int, ...], ...]:
    """Divide the labels of all texts among them, `counts` for each, or one."""
    rest = iter(labels)
    return tuple(
        tuple(sorted(set(islice(rest, count)))) for count in counts or repeat(1, len(labels))
    )


def _number_name(label_names: Sequence[str] | None, layout: LabelLayout) -> str:
    """Return the name of the numbers: the one given, or that of their column."""
    if label_names is not None and len(label_names) != 1:
        raise InputError(
            f"the numbers have {len(label_names)} names ({', '.join(label_names)}), expected one"
        )
    if label_names and not is_unnamed(label_names):
        return label_names[0]
    return _VALUE if layout.column == LABEL_COLUMN else layout.column


def is_unnamed(labels: Sequence[str]) -> bool:
    """Return whether the labels are those of a teacher whose classes were given no names."""
    return tuple(labels) == tuple(f"LABEL_{i}" for i in range(len(labels)))


def read_labeled(
    path: str | Path, text_column: str, label_layout: LabelLayout, layout: Layout
) -> LabeledTexts:
    """Read a file or a data set on the hub; raise InputError as `read_corpora` does."""
    if is_on_hub(path):
        return _of_hub(str(path), text_column, label_layout)
    return _of_file(str(path), text_column, label_layout, layout)


def _of_file(
    path: str, text_column: str, label_layout: LabelLayout, layout: Layout
) -> LabeledTexts:
    columns = [text_column, *label_layout.all_columns]
    only = [*columns, *partners_of(text_column)]
    with opened_table(path, text_column, layout, "csv", only) as table:
        if table.columns is not None:
            check_header(path, table.columns, columns)
        rows: list[tuple[int, str, tuple[Any, ...]]] = []
        for row in table.rows_with_text():
            if not rows:
                check_single_texts(path, table.columns or row.fields, text_column)
            values = tuple(map(row.fields.get, label_layout.all_columns))
            rows.append((row.number, row.text, values))
    if not rows:
        raise table.error_without_rows()
    numbers, texts, cells = map(list, zip(*rows, strict=True))
    return labeled(texts, Cells(table.name, table.unit, numbers, cells), label_layout)


def _of_hub(location: str, text_column: str, label_layout: LabelLayout) -> LabeledTexts:
    found = read_hub(location, text_column, label_layout.all_columns)
    rows = range(1, len(found.texts) + 1)
    texts = []
    for row, text in zip(rows, found.texts, strict=True):
        if text is None:
            raise InputError(f"{location}, row {row}: the field '{text_column}' is null")
        texts.append(text)
    return labeled(
        texts, Cells(location, "row", rows, found.labels), label_layout, found.label_names
    )


def _names_in(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the sorted names of classes that occur.

    Raises:
        InputError: there are none, or they are numbers of which some have a fraction.
    """
    values = set(labels)
    if not values:
        raise InputError("no text has a label, so that nothing can be learned; give labels")
    fractions = [value for value in sorted(values) if _has_fraction(value)]
    if fractions and all(map(_is_number, values)):
        raise InputError(
            f"the labels are numbers such as {fractions[0]}, and not classes; {IF_NUMBERS}, or "
            "name the classes (--labels)"
        )
    numeric = all(value.isdecimal() for value in values)
    return tuple(sorted(values, key=int if numeric else str))


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _has_fraction(text: str) -> bool:
    return _is_number(text) and not float(text).is_integer()
