"""Score on a Ray cluster: a task reads each input file; a pool of actors answers and writes.

All machines must see the data, the output folder and the student under the same paths.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray.data

from ..runtime.targets import THREADS_VARIABLE
from .cluster import Pool, settings, work
from .scores import Scorer, ScoreSummary, Scoring, Shard, summed


def run(scoring: Scoring, pool: Pool) -> Iterator[ScoreSummary]:
    """Do what `Scoring.run` does with a pool of actors; the files are byte-identical."""
    with scoring.prepared() as files, settings():
        numbers = [{"file": number} for number in range(len(files))]
        num_readers = min(len(files), pool.num_actors)
        # The actors hold all CPUs: a reader that requested one would wait forever.
        shards = ray.data.from_items(numbers, override_num_blocks=len(files)).flat_map(
            partial(_read, scoring, files),
            compute=ray.data.TaskPoolStrategy(num_readers),
            num_cpus=0,
        )
        rows = work(shards, _Actor, pool, scoring=scoring, threads=pool.threads)
        yield from summed(ScoreSummary(row["computed"], row["reused"]) for row in rows)


def _read(
    scoring: Scoring, files: Sequence[Path], row: dict[str, Any]
) -> Iterator[dict[str, object]]:
    """Read one file and yield its shards as rows that Ray can send."""
    for shard in scoring.shards(files, row["file"]):
        table = b"" if shard.table is None else _packed(shard.table)
        yield {"path": str(shard.path), "num_rows": shard.num_rows, "table": table}


class _Actor:
    """A scorer that runs in an actor's process."""

    def __init__(self, scoring: Scoring, threads: int) -> None:
        os.environ[THREADS_VARIABLE] = str(threads)
        self._scoring = scoring

    @cached_property
    def _score(self) -> Scorer:
        # Not in the constructor: Ray would hide the message of an error raised there.
        return Scorer(self._scoring)

    def __call__(self, rows: pa.Table) -> pa.Table:
        (row,) = rows.to_pylist()
        table = _unpacked(row["table"]) if row["table"] else None
        summary = self._score(Shard(Path(row["path"]), row["num_rows"], table))
        return pa.Table.from_pylist([summary._asdict()])


def _packed(table: pa.Table) -> bytes:
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    content: bytes = stream.getvalue().to_pybytes()
    return content


def _unpacked(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()
