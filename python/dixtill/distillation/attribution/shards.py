"""Reads and writes Parquet shards of attributions: one row for each text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import InputError
from ...whole_file import write_whole
from .attributor import Attribution

# Version 1.0 explained one class or all of them; its shards have no more columns than these.
_COLUMNS_OF_1_0 = [
    ("key", pa.string()),
    ("text", pa.string()),
    ("logits", pa.list_(pa.float32())),
    ("target", pa.int32()),
    ("output", pa.float32()),
    ("baseline_output", pa.float32()),
    ("completeness_error", pa.float32()),
    ("starts", pa.list_(pa.int32())),
    ("ends", pa.list_(pa.int32())),
    ("attributions", pa.list_(pa.float32())),
    ("num_tokens", pa.list_(pa.int32())),
    ("by_class", pa.list_(pa.list_(pa.float32()))),
    ("steps", pa.int32()),
]
_SCHEMA = pa.schema(
    [*_COLUMNS_OF_1_0, ("classes", pa.list_(pa.int32())), ("chances", pa.list_(pa.float32()))]
)
_KNOWN_SCHEMAS = (_SCHEMA, pa.schema(_COLUMNS_OF_1_0))

_COLUMN_OF = {"predicted": "target"}  # where a field has another name than its column


def read_shard(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return the rows of a shard, with all columns that it has or with those asked for.

    Raises:
        InputError: the file is not a shard.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path} is not a Parquet file: {error}; delete it and run again"
        ) from error
    if table.schema not in _KNOWN_SCHEMAS:
        raise InputError(f"{path} holds no attributions of this version; use another folder")
    known = table.column_names if columns is None else columns
    rows: list[dict[str, Any]] = table.select(
        [name for name in known if name in table.column_names]
    ).to_pylist()
    return rows


def read_attribution(path: Path, text: str, row: dict[str, Any]) -> Attribution:
    """Return the attribution of `text` in a row of the shard at `path`.

    Raises:
        InputError: the row cannot be one.
    """
    columns = {field.name: _COLUMN_OF.get(field.name, field.name) for field in fields(Attribution)}
    values = {name: _tuples(row[column]) for name, column in columns.items() if column in row}
    try:
        return Attribution(**{**values, "text": text})
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it and run again") from error


def write_shard(folder: Path, keys: Sequence[str], rows: Sequence[Attribution]) -> None:
    """Write the attributions with these keys to a new file whose name depends on both."""
    columns: dict[str, list[object]] = {"key": list(keys)}
    for field in fields(Attribution):
        column = _COLUMN_OF.get(field.name, field.name)
        columns[column] = [getattr(row, field.name) for row in rows]
    columns["text"] = [_storable(row.text) for row in rows]
    # The same text may be explained again for other classes.
    names = (f"{key}{row.classes or ''}" for key, row in zip(keys, rows, strict=True))
    name = hashlib.sha256("".join(names).encode()).hexdigest()[:16]
    content = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=_SCHEMA), content)
    write_whole(folder / f"{name}.parquet", content.getvalue().to_pybytes())


def _tuples(value: Any) -> Any:
    """Return `value` with its lists, at every depth, turned into tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _storable(text: str) -> str:
    """Return `text` with a question mark for each lone surrogate, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()
