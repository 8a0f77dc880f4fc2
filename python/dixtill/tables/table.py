"""Open a table of any format, for callers that need every row: a bad row raises an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath

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
    """The format and the delimiter of a table; None means that its file name decides."""

    format: str | None = None  # one of FORMATS
    delimiter: str | None = None  # for CSV and TSV; by default a comma or a tab

    def __post_init__(self) -> None:
        """Raise InputError unless both are valid."""
        if self.format is not None and self.format not in FORMATS:
            raise InputError(f"the format is '{self.format}', expected one of {', '.join(FORMATS)}")
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", checked_delimiter(self.delimiter))


BY_NAME = Layout()


def suffix_format(path: str) -> str | None:
    """Return the format that a file name's suffix says, ignoring `.gz`; None if it says none."""
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes]
    if suffixes[-1:] == [_COMPRESSED]:
        suffixes.pop()
    return BY_SUFFIX.get(suffixes[-1]) if suffixes else None


def format_of(path: str, layout: Layout = BY_NAME, otherwise: str | None = None) -> str:
    """Return the format of a file; standard input is JSON lines by default.

    Raises:
        InputError: neither the name nor `otherwise` says a format, or Parquet comes from a pipe.
    """
    by_name = "jsonl" if path == STANDARD else suffix_format(path)
    found = layout.format or by_name or otherwise
    if found is None:
        raise InputError(
            f"{path}: cannot tell the format from the name; give it with --input-format"
        )
    if found == "parquet" and path == STANDARD:
        raise InputError("Parquet cannot be read from a pipe; give a file name")
    return found


def rows_of(
    source: Source, name: str, text_column: str, format: str, layout: Layout = BY_NAME
) -> Rows:
    """Read the rows of a source in any format but Parquet.

    Raises:
        InputError: the header cannot be used.
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
    """Call `read_parquet`, importing pyarrow only now."""
    from .parquet import read_parquet

    return read_parquet(path, text_column, as_fields, only)


class Table:
    """A table whose rows are all needed."""

    def __init__(self, name: str, rows: Rows) -> None:
        self.name = name
        self.columns = rows.columns  # None if each row names its own fields
        self.unit = rows.unit
        self._blocks = rows.blocks

    def rows(self) -> Iterator[Row | MissingText]:
        """Yield every row, including those whose text is null.

        Raises:
            InputError: a row cannot be used.
        """
        for block in self._blocks:
            for row in block:
                if isinstance(row, BadRow) and not isinstance(row, MissingText):
                    raise self.error(row)
                yield row

    def rows_with_text(self) -> Iterator[Row]:
        """Yield every row, all of which must have a text.

        Raises:
            InputError: a row cannot be used, or its text is null.
        """
        for row in self.rows():
            if isinstance(row, BadRow):
                raise self.error(row)
            yield row

    def label_of(self, row: Row, column: str) -> str:
        """Return the row's label as text; empty if it is null or missing.

        Raises:
            InputError: the value cannot be a label.
        """
        try:
            return label_text(row.fields.get(column))
        except LabelError as error:
            raise self.error(BadRow(row.number, f"the field '{column}' {error}")) from None

    def error_without_rows(self) -> InputError:
        """Return the error for a table without rows."""
        has_header = self.columns is not None and self.unit == "line"
        return InputError(f"{self.name} has {'a header but ' if has_header else ''}no rows")

    def error(self, bad: BadRow) -> InputError:
        """Return the error for a bad row."""
        return InputError(bad.sentence(self.name, self.unit))


@contextmanager
def opened_table(
    path: str,
    text_column: str = "text",
    layout: Layout = BY_NAME,
    otherwise: str | None = None,
    only: Sequence[str] | None = None,
) -> Iterator[Table]:
    """Open a table for the duration of the context.

    Args:
        path: a file, or - for standard input.
        text_column: the column of the texts.
        layout: the format and delimiter, where the file name does not say them.
        otherwise: the format if neither `layout` nor the name says one.
        only: the columns to read from Parquet; None reads all.

    Raises:
        InputError: the table cannot be read, or has no column `text_column`.
    """
    format = format_of(path, layout, otherwise)
    name = "standard input" if path == STANDARD else path
    if format == "parquet":
        yield Table(name, parquet_rows(path, text_column, only=only))
        return
    with opened(path) as file:
        yield Table(name, rows_of(Source(file, name), name, text_column, format, layout))
