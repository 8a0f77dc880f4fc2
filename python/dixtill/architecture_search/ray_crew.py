"""Has students trained on a Ray cluster, whose machines see the search's folder under one path.

An actor that dies leaves a training that can be resumed; Ray gives it to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa
import ray.data

from ..bulk.cluster import Pool, cluster, pool_of, settings, work
from .apprentices import Job, Workshop
from .crews import Crew


@contextmanager
def ray_crew(workshop: Workshop, address: str, num_actors: int | None) -> Iterator[Crew]:
    """Give a crew of actors on a cluster, each with one CPU; None is one for each CPU.

    Raises:
        InputError: no cluster answers at `address`, or it has no room for so many actors.
    """
    shared = replace(workshop, folder=workshop.folder.absolute(), is_alone=False)
    with cluster(address), settings():
        pool = pool_of(num_actors, threads=1)
        yield lambda jobs: _trained(shared, pool, jobs)


def _trained(workshop: Workshop, pool: Pool, jobs: Sequence[Job]) -> Iterator[Job]:
    if not jobs:
        return
    rows = ray.data.from_items([job._asdict() for job in jobs], override_num_blocks=len(jobs))
    some = pool._replace(num_actors=min(pool.num_actors, len(jobs)))
    for row in work(rows, Apprentice, some, workshop=workshop):
        yield Job(row["number"], row["rung"])


class Apprentice:
    """Trains students in an actor's process."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Train the student of the only row."""
        (row,) = rows.to_pylist()
        self._workshop.train(Job(row["number"], row["rung"]))
        return rows
