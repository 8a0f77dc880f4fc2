"""Rows of Parquet files, and Parquet files of answered rows. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .. import Prediction
from ..bulk.answer_columns import answer_columns
from ..bulk.tables import parquet_schema, read_tables
from ..whole_file import naming, replacing
from .answers import AnswerColumns
from .encoding import as_text, utf8_of
from .rows import BadRow, Block, Row, Rows
from .writers import GROUP, check_columns, columns_of

# What a value has to be to stand in a column of a type that is not text.
_FITS: dict[pa.DataType, Callable[[Any], bool]] = {
    pa.bool_(): lambda value: isinstance(value, bool),
    pa.int64(): lambda value: type(value) is int and -(2**63) <= value < 2**63,
    pa.float64(): lambda value: (
        type(value) is float or (type(value) is int and abs(value) <= 2**53)
    ),
}


def read_parquet(path: str, text_column: str, as_fields: bool) -> Rows:
    """The rows of a file, by number.

    Without `as_fields` a row holds its table and its place in it, which keeps every type.

    Raises:
        InputError: the file is missing or damaged, or `text_column` is absent or holds no text.
    """
    schema = parquet_schema(Path(path), text_column)
    blocks = _parquet_blocks(Path(path), text_column, as_fields)
    return Rows(schema.names, blocks, unit="row", schema=None if as_fields else schema)


def _parquet_blocks(path: Path, text_column: str, as_fields: bool) -> Iterator[Block]:
    number = 1
    for table in read_tables(path, GROUP, text_column):
        texts = table[text_column].to_pylist()
        fields = _with_json_types(table).to_pylist() if as_fields else [{}] * len(texts)
        yield [
            Row(number + i, text, fields[i], (table, i))
            if text is not None
            else BadRow(number + i, f"the field '{text_column}' is missing")
            for i, text in enumerate(texts)
        ]
        number += len(texts)


def _with_json_types(table: pa.Table) -> pa.Table:
    """Dates, decimals and the like as text, and numbers that are none as missing."""
    columns = []
    for column in table.columns:
        kind = column.type
        if pa.types.is_floating(kind):
            column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
        elif pa.types.is_dictionary(kind) or not (
            pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_nested(kind)
        ):
            column = column.cast(pa.string())
        columns.append(column)
    return pa.table(columns, names=table.column_names)


class _TableWriter:
    """Appends tables to a file, whose columns the first of them decides."""

    group = GROUP  # a row group of few rows reads slowly

    def __init__(
        self, path: Path, name: str, answers: AnswerColumns, schema: pa.Schema | None
    ) -> None:
        self._path = path
        self._name = name  # of the file in the end
        self._answers = answers
        self._schema = schema
        self._writer: pq.ParquetWriter | None = None
        self._held: list[Any] = []
        self._predictions: list[Prediction] = []

    def start(self, rows: Sequence[Row]) -> None:
        """Decide on the columns where the input has no types."""
        if self._schema is None:
            self._schema = _schema_of(rows, self._answers)
        self._append(self._schema.empty_table(), [])

    def prepare(self, row: Row) -> Any:
        """The row itself, or a value for each column."""
        if isinstance(row.source, tuple):
            return row.source
        assert self._schema is not None
        check_columns(row, self._schema.names)
        return [_cell(row, field) for field in self._schema]

    def write(self, prepared: Sequence[Any], predictions: Sequence[Prediction]) -> None:
        """Hold rows until they make a row group."""
        self._held += prepared
        self._predictions += predictions
        if len(self._held) >= self.group:
            self._write_group()

    def close(self) -> None:
        """Write what is held, and the footer."""
        if self._held:
            self._write_group()
        if self._writer:
            with naming(self._name):
                self._writer.close()

    def _write_group(self) -> None:
        assert self._schema is not None
        rows, predictions = self._held, self._predictions
        self._held, self._predictions = [], []
        if isinstance(rows[0], tuple):
            table = _taken(rows)
        else:
            columns = zip(self._schema, zip(*rows, strict=True), strict=True)
            arrays = [pa.array(values, field.type) for field, values in columns]
            table = pa.table(arrays, schema=self._schema)
        self._append(table, predictions)

    def _append(self, table: pa.Table, predictions: Sequence[Prediction]) -> None:
        answers = self._answers
        columns = answer_columns(answers.labels, predictions, answers.words, answers.check)
        for name, values in columns.items():
            table = table.append_column(name, values)
        with naming(self._name):
            if self._writer is None:
                self._writer = pq.ParquetWriter(self._path, table.schema)
            if len(table):
                self._writer.write_table(table)


@contextmanager
def parquet_writer(
    path: str, answers: AnswerColumns, schema: pa.Schema | None
) -> Iterator[_TableWriter]:
    """Writes under a temporary name, and gives the file its own when its footer is there."""
    with replacing(Path(path)) as temporary:
        writer = _TableWriter(temporary, path, answers, schema)
        try:
            yield writer
        finally:
            writer.close()


def _taken(rows: Sequence[tuple[pa.Table, int]]) -> pa.Table:
    parts = []
    for _, run in groupby(rows, key=lambda row: id(row[0])):
        tables, places = zip(*run, strict=True)
        parts.append(tables[0].take(pa.array(places)))
    return pa.concat_tables(parts)


def _schema_of(rows: Sequence[Row], answers: AnswerColumns) -> pa.Schema:
    names = columns_of(rows, answers)
    return pa.schema([(name, _type_of([row.fields.get(name) for row in rows])) for name in names])


def _type_of(values: Sequence[Any]) -> pa.DataType:
    """What fits every value; text, in which anything else stands as JSON, where nothing does."""
    present = [value for value in values if value is not None]
    for kind, fits in _FITS.items():
        if present and all(map(fits, present)):
            return kind
    return pa.string()


def _cell(row: Row, field: pa.Field) -> Any:
    value = row.fields.get(field.name)
    if value is None:
        return None
    if field.type not in _FITS:
        return utf8_of(as_text(value) or "").decode()
    if not _FITS[field.type](value):
        raise BadRow(
            row.number,
            f"its field '{field.name}' does not fit the column's type {field.type}, "
            f"which the first {GROUP:,} rows decide",
        )
    return value
