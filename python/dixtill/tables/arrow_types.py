"""Columns with types, for rows whose format has none or says them row by row. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from .encoding import as_text, utf8_of
from .rows import BadRow, MissingText, Row

# What a value has to be to stand in a column of a type that is not text.
_FITS: dict[pa.DataType, Callable[[Any], bool]] = {
    pa.bool_(): lambda value: isinstance(value, bool),
    pa.int64(): lambda value: type(value) is int and -(2**63) <= value < 2**63,
    pa.float64(): lambda value: (
        type(value) is float or (type(value) is int and abs(value) <= 2**53)
    ),
}


def schema_of(rows: Sequence[Row | MissingText], names: Sequence[str]) -> pa.Schema:
    """Columns of the types that fit the values of all `rows`."""
    return pa.schema([(name, _type_of([row.fields.get(name) for row in rows])) for name in names])


def _type_of(values: Sequence[Any]) -> pa.DataType:
    """What fits every value; text, in which anything else stands as JSON, where nothing does."""
    present = [value for value in values if value is not None]
    for kind, fits in _FITS.items():
        if present and all(map(fits, present)):
            return kind
    return pa.string()


def cell(row: Row | MissingText, field: pa.Field, num_rows: int) -> Any:
    """The row's value for a column whose type was decided by the first `num_rows` rows.

    Raises:
        BadRow: it does not fit.
    """
    value = row.fields.get(field.name)
    if value is None:
        return None
    if field.type not in _FITS:
        return utf8_of(as_text(value) or "").decode()
    if not _FITS[field.type](value):
        raise BadRow(
            row.number,
            f"its field '{field.name}' does not fit the column's type {field.type}, "
            f"which the first {num_rows:,} rows decide",
        )
    return value
