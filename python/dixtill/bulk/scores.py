"""Answer all texts of a file or folder, and write Parquet files with the input's columns added.

Each output file (a shard) holds consecutive rows of one input file. Sorted by name, the shards
are in the input's order. A shard is written completely or not at all. Rewriting gives identical
bytes, so a killed run or actor can resume. ray_scores.py shares the work among machines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from platform import node
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from .. import limits
from ..claim import ClaimFile, held
from ..errors import InputError
from ..runtime.classifier import Classifier, load_classifier
from ..tables.header import check_free
from ..tables.table import BY_NAME, Layout
from ..version import __version__
from ..whole_file import check_folder, remove_abandoned, write_whole
from .answer_columns import answer_columns
from .arrow_tables import files_of, read_tables

_CLAIM = ClaimFile(
    "_scores.json", "scores", "use another folder", ("*.parquet",), "made with other values of"
)


class ScoreSummary(NamedTuple):
    """How many texts were scored, and how many had been scored by an earlier run."""

    computed: int
    reused: int


class Shard(NamedTuple):
    """Consecutive rows of an input file, and the path of their output file."""

    path: Path
    num_rows: int
    table: pa.Table | None  # None if the output file already exists


@dataclass(frozen=True)
class Scoring:
    """The data, the student and the options of a scoring run."""

    data: Path
    out: Path
    model: Path | None = None  # a student's file or folder; None means the one that ships
    kernel: str | None = None
    text_column: str = "text"
    words: bool = False  # add each word with its weight
    rows_per_file: int = 16384
    layout: Layout = BY_NAME

    def run(self) -> Iterator[ScoreSummary]:
        """Score in this process; yield running totals after each shard.

        Raises:
            InputError: the data cannot be read, or `out` holds other scores or is in use.
        """
        with self.prepared() as files:
            score = Scorer(self)
            done = (
                score(shard) for file in range(len(files)) for shard in self.shards(files, file)
            )
            yield from summed(done)

    @contextmanager
    def prepared(self) -> Iterator[list[Path]]:
        """Claim and lock `out` for the duration of the context, and give the input files.

        The lock matters because a shard's name says only where its rows come from: two runs with
        different students would mix their shards. Temporary files that dead processes left are
        removed at the end.

        Raises:
            InputError: there are no input files, the first cannot be read or has no column of
                texts, or `out` holds other scores or is in use.
        """
        limits.COUNT.checked("rows_per_file", self.rows_per_file)
        files = files_of(self.data, self.layout)
        if self.out.exists() and not self.out.is_dir():
            raise InputError(f"{self.out} is a file; scores need a folder")
        check_folder(self.out, [self.data])
        made_of = self._made_of(files)
        next(self.shards(files, 0), None)  # a missing column is refused before `out` is made
        with held(self.out):
            _CLAIM.claim(self.out, made_of)
            yield files
            remove_abandoned(self.out)

    def shards(self, files: Sequence[Path], number: int) -> Iterator[Shard]:
        """Yield the shards of the file with index `number`; a finished one comes without rows."""
        tables = read_tables(files[number], self.rows_per_file, self.text_column, self.layout)
        for part, table in enumerate(tables):
            path = self.out / f"{number:05}-{part:06}.parquet"
            yield Shard(path, len(table), None if path.exists() else table)

    @cached_property
    def student(self) -> str:
        """The SHA-256 of the student's file at the first access."""
        return _digest(load_classifier(self.model))

    def _made_of(self, files: Sequence[Path]) -> dict[str, object]:
        """Return everything that the scores of these files depend on."""
        return {
            "dixtill": __version__,
            "student": self.student,
            "text_column": self.text_column,
            "words": self.words,
            "rows_per_file": self.rows_per_file,
            "input_format": self.layout.format,
            "delimiter": self.layout.delimiter,
            "files": [_described(file) for file in files],
        }


class Scorer:
    """Answers the texts of shards and writes their files."""

    def __init__(self, scoring: Scoring) -> None:
        """Load the student.

        Raises:
            InputError: it is not the student that `scoring` was prepared with, which may have
                been on another machine.
        """
        self._scoring = scoring
        self._classifier = load_classifier(scoring.model, scoring.kernel)
        if _digest(self._classifier) != scoring.student:
            raise InputError(
                f"the student on {node()} is a different file; put the same file on all machines"
            )

    def __call__(self, shard: Shard) -> ScoreSummary:
        """Write the shard's file unless it exists."""
        if shard.table is None:
            return ScoreSummary(0, shard.num_rows)
        content = pa.BufferOutputStream()
        pq.write_table(self._scored(shard.table), content)
        write_whole(shard.path, content.getvalue().to_pybytes())
        return ScoreSummary(shard.num_rows, 0)

    def _scored(self, table: pa.Table) -> pa.Table:
        texts = table[self._scoring.text_column].to_pylist()
        found = iter(self._classifier([text for text in texts if text is not None]))
        answers = [None if text is None else next(found) for text in texts]
        columns = answer_columns(self._classifier.kind, answers, self._scoring.words)
        check_free(table.column_names, columns)
        for name, values in columns.items():
            table = table.append_column(name, values)
        return table


def summed(summaries: Iterator[ScoreSummary]) -> Iterator[ScoreSummary]:
    """Yield running totals."""
    yield from accumulate(
        summaries, lambda a, b: ScoreSummary(a.computed + b.computed, a.reused + b.reused)
    )


def _digest(classifier: Classifier) -> str:
    return sha256(classifier.model.content).hexdigest()


def _described(file: Path) -> dict[str, object]:
    """Describe a file by name, size and time, so that a changed file is noticed."""
    state = file.stat()
    return {"name": str(file), "bytes": state.st_size, "modified_ns": state.st_mtime_ns}
