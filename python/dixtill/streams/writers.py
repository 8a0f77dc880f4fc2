"""Write rows and their answers as JSON lines or CSV. parquet.py writes Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Protocol

from ..escapes import escape_json, guard_formula
from ..runtime.prediction import Prediction
from ..tables.encoding import as_text, json_utf8, utf8_of
from ..tables.rows import BadRow, Row, check_columns
from .answers import AnswerColumns
from .sinks import Sink

GROUP = 8192  # the first rows, which decide the columns if the input does not name them


class Writer(Protocol):
    """Writes answered rows in one format."""

    group: int  # the minimum number of rows in a block; 0 to take blocks as they arrive

    def start(self, rows: Sequence[Row]) -> None:
        """Look at the first rows before any is prepared."""

    def prepare(self, row: Row) -> Any:
        """Convert the row for `write`; raise BadRow if it cannot be written."""

    def write(self, prepared: Sequence[Any], predictions: Sequence[Prediction]) -> None:
        """Write prepared rows with their answers."""


class JsonLines:
    """Writes a line for each row: its fields, then those of its answer."""

    group = 0

    def __init__(self, sink: Sink, answers: AnswerColumns) -> None:
        self._sink = sink
        self._answers = answers
        self._names = frozenset(answers.names)
        keys = (json_utf8(name).replace(b"%", b"%%") for name in answers.names)
        self._line = b"".join([b"%b", *(b",%b:%%b" % key for key in keys), b"}\n"])

    def start(self, rows: Sequence[Row]) -> None:
        """Do nothing: each line names its own fields."""

    def prepare(self, row: Row) -> bytes:
        """Return the row as a JSON object without its closing brace."""
        if not self._names.isdisjoint(row.fields):
            name = next(name for name in self._answers.names if name in row.fields)
            raise BadRow(row.number, f"the row already has a field '{name}', which answers add")
        if isinstance(row.source, bytes):
            return escape_json(row.source)[:-1]
        return json_utf8(row.fields)[:-1]

    def write(self, prepared: Sequence[bytes], predictions: Sequence[Prediction]) -> None:
        """Write one block of lines."""
        line, values = self._line, self._answers.json_values
        pairs = zip(prepared, predictions, strict=True)
        self._sink(b"".join([line % (head, *values(found)) for head, found in pairs]))


class CsvTable:
    """Writes a table in UTF-8 with a header; lines end with CR LF, as in RFC 4180."""

    def __init__(
        self,
        sink: Sink,
        answers: AnswerColumns,
        columns: Sequence[str] | None,
        guarded: bool = False,
    ) -> None:
        """Write to `sink`; if `guarded`, no spreadsheet reads a cell as a formula."""
        self._guarded = guarded
        self.group = 0 if columns else GROUP
        self._sink = sink
        self._answers = answers
        self._columns = list(columns or ())

    def start(self, rows: Sequence[Row]) -> None:
        """Write the header."""
        self._columns = self._columns or columns_of(rows, self._answers)
        self._write([[*self._columns, *self._answers.names]])

    def prepare(self, row: Row) -> list[str]:
        """Return the text of each column."""
        check_columns(row, self._columns, GROUP)
        return [as_text(row.fields.get(name)) or "" for name in self._columns]

    def write(self, prepared: Sequence[list[str]], predictions: Sequence[Prediction]) -> None:
        """Write one block of rows."""
        pairs = zip(prepared, predictions, strict=True)
        self._write([[*fields, *self._cells(found)] for fields, found in pairs])

    def _cells(self, prediction: Prediction) -> list[str]:
        values = [value.decode() for value in self._answers.json_values(prediction)]
        if self._answers.kind.output == "softmax":
            values[0] = prediction.label or ""  # without the quotation marks of JSON
        return values

    def _write(self, rows: Sequence[Sequence[str]]) -> None:
        if self._guarded:
            rows = [list(map(guard_formula, row)) for row in rows]
        block = io.StringIO(newline="")
        csv.writer(block).writerows(rows)
        self._sink(utf8_of(block.getvalue()))


def columns_of(rows: Sequence[Row], answers: AnswerColumns) -> list[str]:
    """Return the names of the rows' fields, in the order of their first appearance."""
    names = dict.fromkeys(name for row in rows for name in row.fields)
    return [name for name in names if name not in answers.names]
