"""Has students trained on a Ray cluster, whose machines see the search's folder under one path.

An actor that dies leaves a training that can be resumed; Ray gives it to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa
import ray.data

from ...bulk.cluster import Pool, cluster, pool_of, settings, work
from .trainer import Job, TrialTrainer
from .workers import Workers


@contextmanager
def ray_workers(trainer: TrialTrainer, address: str, num_actors: int | None) -> Iterator[Workers]:
    """Give actors on a cluster, each with one CPU; None is one for each CPU.

    Raises:
        InputError: no cluster answers at `address`, or it has no room for so many actors.
    """
    shared = replace(trainer, folder=trainer.folder.absolute(), is_alone=False)
    with cluster(address), settings():
        pool = pool_of(num_actors, threads=1)
        yield lambda jobs: _trained(shared, pool, jobs)


def _trained(trainer: TrialTrainer, pool: Pool, jobs: Sequence[Job]) -> Iterator[Job]:
    if not jobs:
        return
    rows = ray.data.from_items([job._asdict() for job in jobs], override_num_blocks=len(jobs))
    some = pool._replace(num_actors=min(pool.num_actors, len(jobs)))
    for row in work(rows, RayTrainer, some, trainer=trainer):
        yield Job(row["number"], row["rung"])


class RayTrainer:
    """Trains students in an actor's process."""

    def __init__(self, trainer: TrialTrainer) -> None:
        self._trainer = trainer

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Train the student of the only row."""
        (row,) = rows.to_pylist()
        self._trainer.train(Job(row["number"], row["rung"]))
        return rows
