"""Texts with labels or without: read, checked, deduplicated against others, split."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..bulk.tables import read_tables
from ..errors import InputError
from ..header import allow_large_fields
from ..runtime.cleaning import clean
from .hub_data import is_on_hub, read_hub

_ROWS = 65536  # of a Parquet file in memory at once


@dataclass(frozen=True)
class Corpus:
    """Texts and their classes, as indices into `label_names`."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    label_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int]) -> Corpus:
        """The rows at `indices`, in that order."""
        return Corpus(
            tuple(self.texts[i] for i in indices),
            tuple(self.labels[i] for i in indices),
            self.label_names,
        )

    def without(self, other: Corpus) -> Corpus:
        """The rows whose text, once cleaned and case-folded, does not occur in `other`."""
        seen = {_comparable(text) for text in other.texts}
        return self.take([i for i, text in enumerate(self.texts) if _comparable(text) not in seen])

    def split(self, fraction: float, seed: int) -> tuple[Corpus, Corpus]:
        """Hold out `fraction` of each class; returns the rest and the held-out rows.

        Raises:
            InputError: a part would be empty.
        """
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
        """SHA-256 over texts, labels and label names."""
        content = hashlib.sha256(repr(self.label_names).encode())
        for text, label in zip(self.texts, self.labels, strict=True):
            content.update(f"{label}\0".encode() + text.encode("utf-8", "surrogatepass") + b"\0")
        return content.hexdigest()


def _comparable(text: str) -> str:
    return " ".join(clean(text).casefold().split())


def read_corpus(
    path: str | Path,
    label_names: Sequence[str] | None = None,
    text_column: str = "text",
    label_column: str = "label",
) -> Corpus:
    """Read a CSV file with a header, or a data set of the hub (hub_data.py).

    Labels are names or indices into `label_names`. Without `label_names`, the names are those that
    the data set has, or the sorted values of the label column.

    Raises:
        InputError: the file is missing or not UTF-8 CSV, a column is absent, a row has no label
            or an unknown one, or there is no row.
    """
    if is_on_hub(path):
        unit, rows, own_names = "row", *_hub_rows(str(path), text_column, label_column)
    else:
        unit, rows, own_names = "line", _read_rows(Path(path), text_column, label_column), None
    names = tuple(label_names or own_names or _names_in(rows))
    index = {name: i for i, name in enumerate(names)}
    index |= {str(i): i for i in range(len(names)) if str(i) not in index}
    if own_names and names == tuple(f"LABEL_{i}" for i in range(len(own_names))):
        index |= {name: i for i, name in enumerate(own_names)}  # the teacher was given no names
    for line, _, label in rows:
        if not label:
            raise InputError(f"{path}, {unit} {line}: the column '{label_column}' is empty")
        if label not in index:
            raise InputError(
                f"{path}, {unit} {line}: label '{label}' is none of {', '.join(names)}"
            )
    texts = tuple(text for _, text, _ in rows)
    return Corpus(texts, tuple(index[label] for *_, label in rows), names)


def read_texts(path: str | Path, text_column: str = "text") -> list[str]:
    """Texts without labels: rows of CSV or Parquet files or of a data set of the hub, lines of any
    other file, or a folder of files.

    Empty ones are left out, and of equal ones the first is kept. In a folder, what begins with a
    dot is not read.

    Raises:
        InputError: there is no such file, it is not UTF-8, a column is absent, or there is no text.
    """
    root = Path(path)
    if is_on_hub(path):
        found = iter(text or "" for text in read_hub(str(path), text_column).texts)
    else:
        files = _files_in(root) if root.is_dir() else [root]
        found = (text for file in files for text in _texts_in(file, text_column))
    texts = dict.fromkeys(text for text in found if text.strip())
    if not texts:
        raise InputError(f"{path} holds no texts")
    return list(texts)


def texts_without(texts: Sequence[str], others: Corpus) -> list[str]:
    """Those of `texts` that, once cleaned and case-folded, do not occur in `others`."""
    seen = {_comparable(text) for text in others.texts}
    return [text for text in texts if _comparable(text) not in seen]


def _files_in(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _texts_in(path: Path, text_column: str) -> list[str]:
    if path.suffix.lower() == ".csv":
        return [row[text_column] or "" for _, row in _csv_rows(path, (text_column,))]
    if path.suffix.lower() == ".parquet":
        tables = read_tables(path, _ROWS, text_column)
        return [text or "" for table in tables for text in table[text_column].to_pylist()]
    try:
        # Not splitlines, which also ends a line where Unicode has other separators.
        return path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path} as UTF-8 text: {error}") from error


def _read_rows(path: Path, text_column: str, label_column: str) -> list[tuple[int, str, str]]:
    """Line number, text and label of each row."""
    return [
        (line, row[text_column] or "", (row[label_column] or "").strip())
        for line, row in _csv_rows(path, (text_column, label_column))
    ]


def _hub_rows(
    location: str, text_column: str, label_column: str
) -> tuple[list[tuple[int, str, str]], tuple[str, ...] | None]:
    """Number, text and label of each row, and the data set's own names of the labels."""
    columns = read_hub(location, text_column, label_column)
    rows = [
        (number, text or "", (label or "").strip())
        for number, (text, label) in enumerate(
            zip(columns.texts, columns.labels, strict=True), start=1
        )
    ]
    return rows, columns.label_names


def _csv_rows(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str | None]]]:
    """Line number and fields of each row, of which there is at least one."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            allow_large_fields()
            reader = csv.DictReader(file, strict=True)
            for column in columns:
                if column not in (reader.fieldnames or ()):
                    raise InputError(
                        f"{path} has no column '{column}'; its header is "
                        f"{', '.join(reader.fieldnames or ()) or 'empty'}"
                    )
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path} as UTF-8 CSV: {error}") from error
    if not rows:
        raise InputError(f"{path} has a header but no rows")
    return rows


def _names_in(rows: list[tuple[int, str, str]]) -> tuple[str, ...]:
    values = {label for *_, label in rows}
    numeric = all(value.isdecimal() for value in values)
    return tuple(sorted(values, key=int if numeric else str))
