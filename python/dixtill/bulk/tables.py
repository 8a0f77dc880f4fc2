"""Tables in CSV and Parquet files, read a few rows at a time and in their order.

CSV is read as training reads it: UTF-8 with a header, every value a text, as CSV has no types.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from ..header import check_header, read_csv_rows

_SUFFIXES = (".csv", ".parquet")


def files_of(path: Path) -> list[Path]:
    """The CSV and Parquet files in a folder, by name, or the one file that `path` is.

    What begins with a dot or an underscore is not read.

    Raises:
        InputError: there is none.
    """
    if not path.is_dir():
        if path.suffix.lower() not in _SUFFIXES or not path.is_file():
            raise InputError(f"{path} is neither a folder nor a .csv or .parquet file")
        return [path]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in _SUFFIXES
        and file.is_file()
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    )
    if not files:
        raise InputError(f"{path} holds no .csv and no .parquet file")
    return files


def read_tables(path: Path, num_rows: int, text_column: str) -> Iterator[pa.Table]:
    """The rows of one file, `num_rows` at a time; the last table may have fewer.

    Raises:
        InputError: the file is missing or damaged, or `text_column` is absent or holds no text.
    """
    if path.suffix.lower() == ".csv":
        return _read_csv(path, num_rows, text_column)
    return _read_parquet(path, num_rows, text_column)


def _read_csv(path: Path, num_rows: int, text_column: str) -> Iterator[pa.Table]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, numbered = read_csv_rows(path, file, text_column)
            rows = (row for _, row in numbered)
            while some := list(islice(rows, num_rows)):
                columns = zip(header, zip(*some, strict=True), strict=True)
                yield pa.table({name: pa.array(values, pa.string()) for name, values in columns})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path} as UTF-8 CSV: {error}") from error


def _read_parquet(path: Path, num_rows: int, text_column: str) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path) as file:
            _check_schema(path, file.schema_arrow, text_column)
            for batch in file.iter_batches(num_rows):
                yield pa.Table.from_batches([batch])
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"cannot read {path} as Parquet: {error}") from error


def parquet_schema(path: Path, text_column: str) -> pa.Schema:
    """The columns of a Parquet file.

    Raises:
        InputError: the file is missing or damaged, or `text_column` is absent or holds no text.
    """
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"cannot read {path} as Parquet: {error}") from error
    _check_schema(path, schema, text_column)
    return schema


def _check_schema(path: Path, schema: pa.Schema, text_column: str) -> None:
    check_header(path, schema.names, text_column)
    _check_type(path, schema.field(text_column))


def _check_type(path: Path, field: pa.Field) -> None:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise InputError(f"{path}: the column '{field.name}' is {field.type}, expected string")
