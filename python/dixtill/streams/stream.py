"""Read rows, answer them and write them: what `dixtill infer --input` does.

Each block of rows is read, answered on all CPUs and written before the next is read, so memory
does not grow with the input. tables/ reads; writers.py and parquet.py write.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath
from typing import Any, BinaryIO

from ..errors import InputError
from ..runtime.classifier import Classifier
from ..standard_streams import is_terminal, standard_output
from ..tables.header import check_free
from ..tables.rows import BadRow, Block, Row, Rows, regrouped
from ..tables.source import STANDARD, Source, Stopped, is_regular, opened, state_of
from ..tables.table import BY_NAME, BY_SUFFIX, Layout, format_of, parquet_rows, rows_of
from ..whole_file import check_not_input, check_stream
from . import FORMATS
from .answers import AnswerColumns
from .interruption import Interruption
from .progress import Progress
from .sinks import open_sink
from .writers import CsvTable, JsonLines, Writer


@dataclass(frozen=True)
class Stream:
    """The input, the output and the options of a run."""

    input: str  # a file, or - for standard input
    output: str = STANDARD
    layout: Layout = BY_NAME
    output_format: str | None = None  # by default, what the name says; JSON lines for a pipe
    text_column: str = "text"
    words: bool = True
    check: bool = False
    label: str | None = None  # what words and check are about; None for each text's top label
    strict: bool = False
    csv_guard: bool = False  # keep spreadsheets from reading CSV cells as formulas

    def run(self, classifier: Classifier) -> signal.Signals | None:
        """Answer every row; return the signal that ended the run early, if any.

        Raises:
            InputError: the input cannot be used, the output is the input or cannot be written,
                or, with `strict`, a row is bad.
            OSError: the system failed to read the input or to write the output.
        """
        formats = format_of(self.input, self.layout), self._output_format()
        with Interruption() as interruption:
            with suppress(Stopped):  # a signal before anything was read
                self._run(classifier, formats, interruption)
            return interruption.signal

    def _run(
        self, classifier: Classifier, formats: tuple[str, str], interruption: Interruption
    ) -> None:
        if self.label is not None:
            classifier.kind.index_of(self.label)
        answers = AnswerColumns(classifier.kind, self.words, self.check, self.label)
        with ExitStack() as stack:
            with interruption.waiting():
                file = stack.enter_context(opened(self.input))
            self._check_output(file)
            source = Source(file, self._name, interruption)
            state = state_of(file)
            rows = self._rows(source, *formats)
            check_free(rows.columns or (), answers.names)
            size = state.st_size if state and is_regular(state) else None
            progress = Progress(self._name, rows.unit, size, self._shows_progress())
            # Close the output first, so that the summary counts only rows that were written.
            with ExitStack() as written:
                writer = self._writer(written, formats[1], answers, rows, interruption)
                run = _Run(classifier, writer, progress, answers.asked_check, self.strict)
                for _ in run.blocks(rows.blocks):
                    progress.show(source.num_read)
                    if interruption.signal:
                        break
            progress.end(interruption.signal)

    @property
    def _name(self) -> str:
        return "standard input" if self.input == STANDARD else self.input

    def _output_format(self) -> str:
        found = self.output_format or BY_SUFFIX.get(PurePath(self.output).suffix.lower())
        if self.output == STANDARD:
            found = self.output_format or "jsonl"
        if found not in FORMATS:
            raise InputError(
                f"{self.output}: cannot tell the format from the name; "
                "name it .csv, .jsonl or .parquet, or give --output-format"
            )
        if found == "parquet" and self.output == STANDARD:
            raise InputError("Parquet cannot be written to a pipe; name a file with --output")
        if self.csv_guard and found != "csv":
            raise InputError(f"--csv-guard works only for CSV, but the output is {found}")
        return found

    def _check_output(self, file: BinaryIO) -> None:
        given = [file.fileno()] if state_of(file) else []
        if self.output != STANDARD:
            is_whole = self._output_format() == "parquet"  # the Parquet writer checks the rest
            (check_not_input if is_whole else check_stream)(self.output, given)
        elif is_regular(state_of(standard_output().buffer)):
            check_not_input(standard_output().fileno(), given)

    def _rows(self, source: Source, input_format: str, output_format: str) -> Rows:
        if input_format == "parquet":
            return parquet_rows(self.input, self.text_column, output_format != "parquet")
        return rows_of(source, self._name, self.text_column, input_format, self.layout)

    def _writer(
        self,
        stack: ExitStack,
        kind: str,
        answers: AnswerColumns,
        rows: Rows,
        interruption: Interruption,
    ) -> Writer:
        if kind == "parquet":
            from .parquet import parquet_writer  # needs pyarrow

            return stack.enter_context(parquet_writer(self.output, answers, rows.schema))
        sink = stack.enter_context(open_sink(self.output, interruption))
        if kind == "csv":
            return CsvTable(sink, answers, rows.columns, self.csv_guard)
        return JsonLines(sink, answers)

    def _shows_progress(self) -> bool:
        is_mixed = self.output == STANDARD and is_terminal(sys.stdout)
        return is_terminal(sys.stderr) and not is_mixed


class _Run:
    """One pass over the rows."""

    def __init__(
        self,
        classifier: Classifier,
        writer: Writer,
        progress: Progress,
        check: bool | str,
        strict: bool,
    ) -> None:
        self._classifier = classifier
        self._writer = writer
        self._progress = progress
        self._check = check
        self._strict = strict

    def blocks(self, blocks: Iterator[Block]) -> Iterator[None]:
        """Answer block by block; yield after each, and about ten times a second within one."""
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
