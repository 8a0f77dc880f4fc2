"""Has students trained: in this process, or in several.

Workers yield each job when it is done, in any order. What comes of a job does not depend on which
of them did it, or when.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Protocol

from ...distillation.progress.watcher import Watcher
from ...errors import DixtillError
from .trainer import Job, TrialTrainer


class Workers(Protocol):
    """Trains students."""

    def __call__(self, jobs: Sequence[Job]) -> Iterator[Job]: ...


@contextmanager
def workers_of(trainer: TrialTrainer, num_workers: int, watcher: Watcher) -> Iterator[Workers]:
    """Give so many processes of this machine; one is this process.

    The watcher sees the trainings of this process.
    """
    if num_workers == 1:
        yield lambda jobs: (trainer.train(job, watcher) for job in jobs)
        return
    # A fork would inherit locks that PyTorch's threads hold.
    context = multiprocessing.get_context("spawn")
    is_open, stop = context.Pipe(duplex=False)
    shared = replace(trainer, is_alone=False)
    pool = ProcessPoolExecutor(num_workers, context, _begin, (shared, is_open))
    try:
        yield lambda jobs: _done(pool, jobs)
    except BaseException:
        stop.close()  # a training that is cut short resumes, so none is waited for
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        stop.close()
        is_open.close()


def _done(pool: ProcessPoolExecutor, jobs: Sequence[Job]) -> Iterator[Job]:
    try:
        with _ignored_interrupts():
            futures = [pool.submit(_train, job) for job in jobs]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise DixtillError(
            "a process that trained a student was killed, perhaps for want of memory; search "
            "again to resume, perhaps with fewer workers"
        ) from error


@contextmanager
def _ignored_interrupts() -> Iterator[None]:
    """Start processes that ignore Ctrl-C from their beginning; the search itself ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(trainer: TrialTrainer, is_open: Connection) -> None:
    global _trainer
    _trainer = trainer
    threading.Thread(target=_end_with_search, args=(is_open,), daemon=True).start()


def _end_with_search(is_open: Connection) -> None:
    """End when the search ends or is killed, so that its folder is free for the next one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel, is_open])
        os._exit(1)


def _train(job: Job) -> Job:
    assert _trainer is not None
    return _trainer.train(job)


_trainer: TrialTrainer | None = None
