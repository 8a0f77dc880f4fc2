"""Rows in, answered rows out: the story of `dixtill infer --input`.

Blocks of rows are read, answered on all CPUs and written, one after the other, so memory does not
grow with the input. tables/ reads, writers.py and parquet.py write.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from pathlib import PurePath
from types import ModuleType
from typing import Any, BinaryIO, cast

from ..errors import InputError
from ..runtime.classifier import Classifier
from ..tables.header import check_free
from ..tables.rows import BadRow, Block, Row, Rows, regrouped
from ..tables.source import STANDARD, Source, is_regular, opened, state_of
from ..tables.table import BY_NAME, Layout, format_of, parquet_rows, rows_of
from .answers import AnswerColumns
from .interruption import Interruption
from .progress import Progress
from .sinks import open_sink
from .writers import CsvTable, JsonLines, Writer

_BY_SUFFIX = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@dataclass(frozen=True)
class Stream:
    """What is to be answered, and how; `run` does it."""

    input: str  # a file, or - for standard input
    output: str = STANDARD
    layout: Layout = BY_NAME
    text_column: str = "text"
    words: bool = True
    check: bool = False
    strict: bool = False

    def run(self, classifier: Classifier) -> signal.Signals | None:
        """Answer every row; the signal that ended it before its end, if one did.

        Raises:
            InputError: the input cannot be read, the output is it, or with `strict` a row is bad.
            OSError: the input cannot be read, or the output not be written.
        """
        formats = format_of(self.input, self.layout), self._output_format()
        answers = AnswerColumns(classifier.labels, self.words, self.check)
        with Interruption() as interruption, ExitStack() as stack:
            file = stack.enter_context(opened(self.input))
            self._check_output(file)
            source = Source(file, self._name, interruption)
            state = state_of(file)
            rows = self._rows(source, *formats)
            check_free(rows.columns or (), answers.names)
            size = state.st_size if state and is_regular(state) else None
            progress = Progress(self._name, rows.unit, size, self._shows_progress())
            # Left before the summary: what it says has been written.
            with ExitStack() as written:
                writer = self._writer(written, formats[1], answers, rows)
                run = _Run(classifier, writer, progress, self.check, self.strict)
                for _ in run.blocks(rows.blocks):
                    progress.show(source.num_read)
                    if interruption.signal:
                        break
            progress.end(interruption.signal)
            return interruption.signal

    @property
    def _name(self) -> str:
        return "standard input" if self.input == STANDARD else self.input

    def _output_format(self) -> str:
        if self.output == STANDARD:
            return "jsonl"
        found = _BY_SUFFIX.get(PurePath(self.output).suffix.lower())
        if found is None:
            raise InputError(
                f"{self.output}: its name tells no format that can be used; "
                "name it .csv, .jsonl or .parquet"
            )
        return found

    def _check_output(self, file: BinaryIO) -> None:
        state = state_of(file)
        if self.output == STANDARD or state is None or not is_regular(state):
            return
        try:
            is_same = os.path.samestat(state, os.stat(self.output))
        except OSError:  # it is not there yet
            return
        if is_same:
            raise InputError(f"{self.output} is the input; choose another output")

    def _rows(self, source: Source, input_format: str, output_format: str) -> Rows:
        if input_format == "parquet":
            return parquet_rows(self.input, self.text_column, output_format != "parquet")
        return rows_of(source, self._name, self.text_column, input_format, self.layout)

    def _writer(self, stack: ExitStack, kind: str, answers: AnswerColumns, rows: Rows) -> Writer:
        if kind == "parquet":
            opening = _parquet().parquet_writer(self.output, answers, rows.schema)
            return cast(Writer, stack.enter_context(opening))
        sink = stack.enter_context(open_sink(self.output))
        if kind == "csv":
            return CsvTable(sink, answers, rows.columns)
        return JsonLines(sink, answers)

    def _shows_progress(self) -> bool:
        is_mixed = self.output == STANDARD and sys.stdout.isatty()
        return sys.stderr.isatty() and not is_mixed


class _Run:
    """One pass over the rows."""

    def __init__(
        self, classifier: Classifier, writer: Writer, progress: Progress, check: bool, strict: bool
    ) -> None:
        self._classifier = classifier
        self._writer = writer
        self._progress = progress
        self._check = check
        self._strict = strict

    def blocks(self, blocks: Iterator[Block]) -> Iterator[None]:
        """Answer block by block; yields after each, and about ten times a second within one."""
        if self._writer.group:
            blocks = regrouped(blocks, self._writer.group)
        first = next(blocks, ())
        self._writer.start([row for row in first if isinstance(row, Row)])
        for block in chain([first], blocks):
            yield from self._answer(block)
            yield

    def _answer(self, block: Block) -> Iterator[None]:
        texts: list[str] = []
        prepared: list[Any] = []
        for row in block:
            ready = self._prepared(row)
            if isinstance(row, Row) and not isinstance(ready, BadRow):
                prepared.append(ready)
                texts.append(row.text)
            elif self._strict:
                yield from self._write(prepared, texts)
                raise InputError(self._progress.place_of(ready))
            else:
                self._progress.report(ready)
        yield from self._write(prepared, texts)

    def _prepared(self, row: Row | BadRow) -> Any:
        if isinstance(row, BadRow):
            return row
        try:
            return self._writer.prepare(row)
        except BadRow as bad:
            return bad
        except RecursionError:
            return BadRow(row.number, "its values are nested too deeply")

    def _write(self, prepared: list[Any], texts: list[str]) -> Iterator[None]:
        num_written = 0
        for part in self._classifier.answer_in_parts(texts, check=self._check):
            self._writer.write(prepared[num_written : num_written + len(part)], part)
            num_written += len(part)
            self._progress.rows += len(part)
            yield


def _parquet() -> ModuleType:
    import_module("..bulk", __package__)  # says what to install where pyarrow is missing
    return import_module(".parquet", __package__)
