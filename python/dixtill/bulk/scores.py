"""A student's answers to all texts of a folder, as Parquet files beside the columns given.

Each file holds so many consecutive rows of one input file, and its name says which: in the order
of their names, the files are in the input's order. A file is written whole or not at all.
Rewriting gives identical bytes, so a killed run or actor can resume. ray_scores.py shares the work
among machines.
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
    """How many texts of a run were new."""

    computed: int
    reused: int


class Shard(NamedTuple):
    """Rows of an input file, and the file that they become."""

    path: Path
    num_rows: int
    table: pa.Table | None  # none where the file is there


@dataclass(frozen=True)
class Scoring:
    """What is to be scored, by whom and how; `run` does it."""

    data: Path
    out: Path
    model: Path | None = None  # a student's file or folder, or the student that ships
    kernel: str | None = None
    text_column: str = "text"
    words: bool = False  # with the weight of each word
    rows_per_file: int = 16384
    layout: Layout = BY_NAME

    def run(self) -> Iterator[ScoreSummary]:
        """Score in this process; after each file, what has been done so far.

        Raises:
            InputError: the data cannot be read, or `out` holds something else or is in use.
        """
        with self.prepared() as files:
            score = Scorer(self)
            done = (
                score(shard) for file in range(len(files)) for shard in self.shards(files, file)
            )
            yield from summed(done)

    @contextmanager
    def prepared(self) -> Iterator[list[Path]]:
        """The input files; inside the context `out` is for them, and closed to other runs.

        Files are named by the place of their rows, whoever scored them: no other run may begin
        before this one's first file is there. What dead processes left half-written goes at the
        end.

        Raises:
            InputError: there are none, or `out` holds the scores of something else or is in use.
        """
        limits.COUNT.checked("rows_per_file", self.rows_per_file)
        files = files_of(self.data, self.layout)
        if self.out.exists() and not self.out.is_dir():
            raise InputError(f"{self.out} is a file; scores need a folder")
        check_folder(self.out, [self.data])
        made_of = self._made_of(files)
        with held(self.out):
            _CLAIM.claim(self.out, made_of)
            yield files
            remove_abandoned(self.out)

    def shards(self, files: Sequence[Path], number: int) -> Iterator[Shard]:
        """The parts of the file of that number; what is there already comes without its rows."""
        tables = read_tables(files[number], self.rows_per_file, self.text_column, self.layout)
        for part, table in enumerate(tables):
            path = self.out / f"{number:05}-{part:06}.parquet"
            yield Shard(path, len(table), None if path.exists() else table)

    @cached_property
    def student(self) -> str:
        """SHA-256 of the student's file, as it was when this was first asked for."""
        return _digest(load_classifier(self.model))

    def _made_of(self, files: Sequence[Path]) -> dict[str, object]:
        """All that the scores of these files depend on."""
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
    """Answers the texts of a shard and writes its file."""

    def __init__(self, scoring: Scoring) -> None:
        """Load the student.

        Raises:
            InputError: it is not the one that `scoring` was prepared with, perhaps elsewhere.
        """
        self._scoring = scoring
        self._classifier = load_classifier(scoring.model, scoring.kernel)
        if _digest(self._classifier) != scoring.student:
            raise InputError(
                f"the student on {node()} is another one; the same file has to be on all machines"
            )

    def __call__(self, shard: Shard) -> ScoreSummary:
        """Write the shard's file unless it is there."""
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
        columns = answer_columns(self._classifier.labels, answers, self._scoring.words)
        check_free(table.column_names, columns)
        for name, values in columns.items():
            table = table.append_column(name, values)
        return table


def summed(summaries: Iterator[ScoreSummary]) -> Iterator[ScoreSummary]:
    """Running totals."""
    yield from accumulate(
        summaries, lambda a, b: ScoreSummary(a.computed + b.computed, a.reused + b.reused)
    )


def _digest(classifier: Classifier) -> str:
    return sha256(classifier.model.content).hexdigest()


def _described(file: Path) -> dict[str, object]:
    """A file as it was when it was read: another of its name is noticed."""
    state = file.stat()
    return {"name": str(file), "bytes": state.st_size, "modified_ns": state.st_mtime_ns}
