"""Has students trained: in this process, or in several.

A crew yields each job when it is done, in any order. What comes of a job does not depend on who did
it, or when.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from ..distillation.progress.watcher import Watcher
from ..errors import DixtillError
from .apprentices import Job, Workshop


class Crew(Protocol):
    """Trains students."""

    def __call__(self, jobs: Sequence[Job]) -> Iterator[Job]: ...


@contextmanager
def crew_of(workshop: Workshop, num_workers: int, watcher: Watcher) -> Iterator[Crew]:
    """Give a crew of so many processes of this machine; one is this process.

    The watcher sees the trainings of this process.
    """
    if num_workers == 1:
        yield lambda jobs: (workshop.train(job, watcher) for job in jobs)
        return
    # A fork would inherit locks that PyTorch's threads hold.
    pool = ProcessPoolExecutor(
        num_workers,
        multiprocessing.get_context("spawn"),
        _begin,
        (replace(workshop, is_alone=False),),
    )
    try:
        yield lambda jobs: _done(pool, jobs)
    finally:
        pool.shutdown(cancel_futures=True)


def _done(pool: ProcessPoolExecutor, jobs: Sequence[Job]) -> Iterator[Job]:
    try:
        for future in as_completed([pool.submit(_train, job) for job in jobs]):
            yield future.result()
    except BrokenProcessPool as error:
        raise DixtillError(
            "a process that trained a student was killed, perhaps for want of memory; search "
            "again to resume, perhaps with fewer workers"
        ) from error


def _begin(workshop: Workshop) -> None:
    global _workshop
    _workshop = workshop
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End when the search is killed, so that its folder is free for the next one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _train(job: Job) -> Job:
    assert _workshop is not None
    return _workshop.train(job)


_workshop: Workshop | None = None
