"""Read rows of Parquet files. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, first_line
from ..extras import require
from .header import check_header
from .lines import NOT_UTF8
from .rows import BadRow, Block, MissingText, Row, Rows

require("score")

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_ROWS = 8192  # rows in memory at once
# What pyarrow raises for files that are damaged, encrypted or of unsupported types.
_ERRORS = (OSError, pa.ArrowException, UnicodeError, NotImplementedError, OverflowError)


def read_parquet(
    path: str, text_column: str, as_fields: bool = True, only: Sequence[str] | None = None
) -> Rows:
    """Read the rows of a file.

    Args:
        path: a file on disk; Parquet cannot be read from a pipe.
        text_column: a column of strings.
        as_fields: convert the values of each row to JSON types. Otherwise a row refers to its
            Arrow table and its index there, so that every type is kept.
        only: the columns to read, if they exist; None reads all.

    Raises:
        InputError: the file is missing or damaged, or `text_column` is missing or not of strings.
    """
    schema = parquet_schema(Path(path), text_column)
    columns = [name for name in schema.names if only is None or name in only]
    tables = read_tables(Path(path), _ROWS, text_column, columns)
    blocks = _blocks(tables, text_column, as_fields)
    return Rows(columns, blocks, unit="row", schema=None if as_fields else schema)


def read_tables(
    path: Path, num_rows: int, text_column: str, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Read the rows of a file, `num_rows` at a time; the last table may be shorter.

    Raises:
        InputError: the file is missing or damaged, or `text_column` is missing or not of strings.
    """
    try:
        with pq.ParquetFile(path) as file:
            _check_schema(path, file.schema_arrow, text_column)
            for batch in file.iter_batches(num_rows, columns=columns):
                yield pa.Table.from_batches([batch])
    except _ERRORS as error:
        raise _unreadable(path, error) from error


def parquet_schema(path: Path, text_column: str) -> pa.Schema:
    """Return the schema of a Parquet file.

    Raises:
        InputError: the file is missing or damaged, or `text_column` is missing or not of strings.
    """
    try:
        schema = pq.read_schema(path)
        _check_schema(path, schema, text_column)
    except _ERRORS as error:
        raise _unreadable(path, error) from error
    return schema


def _unreadable(path: Path, error: BaseException) -> InputError:
    return InputError(f"cannot read {path} as Parquet: {first_line(error)}")


def _check_schema(path: Path, schema: pa.Schema, text_column: str) -> None:
    check_header(path, schema.names, [text_column])
    field = schema.field(text_column)
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if str(kind) not in ("string", "large_string", "string_view"):
        raise InputError(f"{path}: the column '{field.name}' is {field.type}, expected string")


def _blocks(tables: Iterator[pa.Table], text_column: str, as_fields: bool) -> Iterator[Block]:
    number = 1
    for table in tables:
        names = table.column_names if as_fields else [text_column]
        columns = [_values(name, table[name]) for name in names]
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        yield [
            _row(number + i, fields, text_column, None if as_fields else (table, i))
            for i, fields in enumerate(rows)
        ]
        number += len(table)


def _row(number: int, fields: dict[str, Any], text_column: str, source: Any) -> Row | BadRow:
    for value in fields.values():
        if isinstance(value, _Unusable):
            return BadRow(number, value.reason)
    text = fields[text_column]
    if text is None:
        return MissingText(number, f"the field '{text_column}' is null", fields)
    return Row(number, text, fields, source)


class _Unusable(Exception):
    """Stands in for a value that is neither text nor convertible to JSON."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.reason = f"the field '{name}' is {problem}"


def _values(name: str, column: pa.ChunkedArray) -> list[Any]:
    try:
        found: list[Any] = _with_json_type(column).to_pylist()
    except _ERRORS:
        return [_value(name, column.slice(i, 1)) for i in range(len(column))]
    return found


def _value(name: str, column: pa.ChunkedArray) -> Any:
    """Return the only value of a column; Python's text for it if Arrow cannot convert the type."""
    try:
        return _with_json_type(column).to_pylist()[0]
    except _ERRORS:
        try:
            value = column[0].as_py()
        except UnicodeDecodeError:
            return _Unusable(name, NOT_UTF8)
        except (*_ERRORS, ValueError) as error:
            return _Unusable(name, f"of a type that cannot be read: {error}")
    return _Unusable(name, NOT_UTF8) if isinstance(value, bytes) else str(value)


def _with_json_type(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert a column to a JSON type: dates, decimals and others to text, NaN and inf to null."""
    kind = column.type
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
    if pa.types.is_dictionary(kind) or not (
        pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_nested(kind)
    ):
        return column.cast(pa.string())
    return column
