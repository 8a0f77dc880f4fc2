"""Any table by its path, for callers that need every row: the first bad row is an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import cast

from ..errors import InputError
from . import FORMATS
from .delimited import checked_delimiter, read_delimited
from .labels import LabelError, label_text
from .lines import read_json_lines, read_text_lines
from .rows import BadRow, MissingText, Row, Rows
from .source import STANDARD, Source, opened

BY_SUFFIX = {
    ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".txt": "text",
}  # fmt: skip
SUFFIXES = tuple(BY_SUFFIX)
_COMPRESSED = ".gz"


@dataclass(frozen=True)
class Layout:
    """What the name of a table does not say; None goes by the name."""

    format: str | None = None  # of FORMATS
    delimiter: str | None = None  # of fields in CSV and TSV; a comma and a tab are the defaults

    def __post_init__(self) -> None:
        """Raise InputError unless both are possible."""
        if self.format is not None and self.format not in FORMATS:
            raise InputError(f"the format is '{self.format}', expected {', '.join(FORMATS)}")
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", checked_delimiter(self.delimiter))


BY_NAME = Layout()


def suffix_format(path: str) -> str | None:
    """The format that the name of a file tells, with `.gz` at its end or without."""
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes]
    if suffixes[-1:] == [_COMPRESSED]:
        suffixes.pop()
    return BY_SUFFIX.get(suffixes[-1]) if suffixes else None


def format_of(path: str, layout: Layout = BY_NAME, otherwise: str | None = None) -> str:
    """The format to read a file in; standard input is JSON lines by default.

    Raises:
        InputError: neither its name nor `otherwise` tells, or it is Parquet in a pipe.
    """
    by_name = "jsonl" if path == STANDARD else suffix_format(path)
    found = layout.format or by_name or otherwise
    if found is None:
        raise InputError(
            f"{path}: its name tells no format that can be used; say it with --input-format"
        )
    if found == "parquet" and path == STANDARD:
        raise InputError("Parquet cannot be read from a pipe; name the file")
    return found


def rows_of(
    source: Source, name: str, text_column: str, format: str, layout: Layout = BY_NAME
) -> Rows:
    """The rows of a source that is not Parquet.

    Raises:
        InputError: it has a header that cannot be used.
    """
    if format == "text":
        return read_text_lines(source, text_column)
    if format == "jsonl":
        return read_json_lines(source, text_column)
    delimiter = layout.delimiter or ("\t" if format == "tsv" else ",")
    return read_delimited(source, name, text_column, delimiter)


def parquet_rows(
    path: str, text_column: str, as_fields: bool = True, only: Sequence[str] | None = None
) -> Rows:
    """`read_parquet`, which needs pyarrow."""
    module = import_module(".parquet", __package__)
    return cast(Rows, module.read_parquet(path, text_column, as_fields, only))


class Table:
    """A table whose rows are all needed."""

    def __init__(self, name: str, rows: Rows) -> None:
        self.name = name
        self.columns = rows.columns  # None where each row names its own
        self.unit = rows.unit
        self._blocks = rows.blocks

    def rows(self) -> Iterator[Row | MissingText]:
        """Every row.

        Raises:
            InputError: a row cannot be used.
        """
        for block in self._blocks:
            for row in block:
                if isinstance(row, BadRow) and not isinstance(row, MissingText):
                    raise self.error(row)
                yield row

    def rows_with_text(self) -> Iterator[Row]:
        """Every row.

        Raises:
            InputError: a row cannot be used, or has no text.
        """
        for row in self.rows():
            if isinstance(row, BadRow):
                raise self.error(row)
            yield row

    def label_of(self, row: Row, column: str) -> str:
        """What the row has in the column of labels; empty where that is null or absent.

        Raises:
            InputError: it can be no label.
        """
        try:
            return label_text(row.fields.get(column))
        except LabelError as error:
            raise self.error(BadRow(row.number, f"the field '{column}' {error}")) from None

    def error_without_rows(self) -> InputError:
        """What to say of a table that has no row."""
        has_header = self.columns is not None and self.unit == "line"
        return InputError(f"{self.name} has {'a header but ' if has_header else ''}no rows")

    def error(self, bad: BadRow) -> InputError:
        """What is wrong with a row."""
        return InputError(bad.sentence(self.name, self.unit))


@contextmanager
def opened_table(
    path: str,
    text_column: str = "text",
    layout: Layout = BY_NAME,
    otherwise: str | None = None,
    only: Sequence[str] | None = None,
) -> Iterator[Table]:
    """A table, closed at the end.

    Args:
        path: of a file; - is standard input.
        text_column: the column of the texts.
        layout: what the name does not say.
        otherwise: the format where nothing tells one.
        only: the columns to read of Parquet.

    Raises:
        InputError: it cannot be read, or has no such column.
    """
    format = format_of(path, layout, otherwise)
    name = "standard input" if path == STANDARD else path
    if format == "parquet":
        yield Table(name, parquet_rows(path, text_column, only=only))
        return
    with opened(path) as file:
        yield Table(name, rows_of(Source(file, name), name, text_column, format, layout))
