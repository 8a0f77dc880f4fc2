"""Write answered rows to a Parquet file. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from ..bulk.answer_columns import answer_columns
from ..extras import require
from ..runtime.prediction import Prediction
from ..tables.arrow_types import cell, schema_of
from ..tables.rows import Row, check_columns
from ..whole_file import naming, replacing
from .answers import AnswerColumns
from .writers import GROUP, columns_of

require("score")

import pyarrow as pa
import pyarrow.parquet as pq


class _TableWriter:
    """Appends tables to a file; the first table decides its columns."""

    group = GROUP  # small row groups are slow to read

    def __init__(
        self, path: Path, name: str, answers: AnswerColumns, schema: pa.Schema | None
    ) -> None:
        self._path = path
        self._name = name  # the final file name
        self._answers = answers
        self._schema = schema
        self._writer: pq.ParquetWriter | None = None
        self._held: list[Any] = []
        self._predictions: list[Prediction] = []

    def start(self, rows: Sequence[Row]) -> None:
        """Choose the columns from the first rows, unless the input has a schema."""
        if self._schema is None:
            self._schema = schema_of(rows, columns_of(rows, self._answers))
        self._append(self._schema.empty_table(), [])

    def prepare(self, row: Row) -> Any:
        """Return the row's place in its table, or a value for each column."""
        if isinstance(row.source, tuple):
            return row.source
        assert self._schema is not None
        check_columns(row, self._schema.names, GROUP)
        return [cell(row, field, GROUP) for field in self._schema]

    def write(self, prepared: Sequence[Any], predictions: Sequence[Prediction]) -> None:
        """Collect rows until they fill a row group."""
        self._held += prepared
        self._predictions += predictions
        if len(self._held) >= self.group:
            self._write_group()

    def close(self) -> None:
        """Write the remaining rows and the footer."""
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
        if answers.label is not None:
            predictions = [each.explaining(answers.label) for each in predictions]
        columns = answer_columns(answers.kind, predictions, answers.words, answers.check)
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
    """Write under a temporary name; rename the file once its footer is written."""
    with replacing(Path(path)) as temporary:
        writer = _TableWriter(temporary, path, answers, schema)
        try:
            yield writer
        finally:
            writer.close()


def _taken(rows: Sequence[tuple[pa.Table, int]]) -> pa.Table:
    """Gather rows of any types into one table, copying runs of consecutive rows as slices."""
    parts = []
    runs = groupby(enumerate(rows), key=lambda item: (id(item[1][0]), item[1][1] - item[0]))
    for _, run in runs:
        (_, (table, start)), *others = run
        parts.append(table.slice(start, 1 + len(others)))
    return pa.concat_tables(parts)
