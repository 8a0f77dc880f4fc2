"""Choose Arrow types for columns of formats without types: CSV, JSON lines. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from .encoding import as_text, utf8_of
from .rows import BadRow, MissingText, Row

# Which values a column of each type can hold. Text can hold all of them.
_FITS: dict[pa.DataType, Callable[[Any], bool]] = {
    pa.bool_(): lambda value: isinstance(value, bool),
    pa.int64(): lambda value: type(value) is int and -(2**63) <= value < 2**63,
    pa.float64(): lambda value: (
        type(value) is float or (type(value) is int and abs(value) <= 2**53)
    ),
}


def schema_of(rows: Sequence[Row | MissingText], names: Sequence[str]) -> pa.Schema:
    """Return a schema whose column types fit the values of all `rows`."""
    return pa.schema([(name, _type_of([row.fields.get(name) for row in rows])) for name in names])


def _type_of(values: Sequence[Any]) -> pa.DataType:
    """Return the type that fits every value, else string, which holds other values as JSON."""
    present = [value for value in values if value is not None]
    for kind, fits in _FITS.items():
        if present and all(map(fits, present)):
            return kind
    return pa.string()


def cell(row: Row | MissingText, field: pa.Field, num_rows: int) -> Any:
    """Return the row's value for a column whose type the first `num_rows` rows decided.

    Raises:
        BadRow: the value does not fit the type.
    """
    value = row.fields.get(field.name)
    if value is None:
        return None
    if field.type not in _FITS:
        return utf8_of(as_text(value) or "").decode()
    if not _FITS[field.type](value):
        raise BadRow(
            row.number,
            f"the field '{field.name}' does not fit the column's type {field.type}, "
            f"which was chosen from the first {num_rows:,} rows",
        )
    return value
