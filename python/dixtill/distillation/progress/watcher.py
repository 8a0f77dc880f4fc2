"""Defines the Watcher to which long work reports its progress.

The caller that starts the work chooses what is drawn (live_table.py, bars.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from .metrics import EpochMetrics

Advance = Callable[[int], None]


class Step(NamedTuple):
    """How far a run has come."""

    done: int  # steps, over all epochs so far
    per_epoch: int
    epochs: int  # at most: patience may end the run earlier


class Watcher:
    """Receives the progress of a run. This one ignores it; subclasses override what they need."""

    def on_begin(self, history: Sequence[EpochMetrics]) -> None:
        """Note that the run begins, or resumes after these epochs; perhaps no step follows."""

    def on_step(self, step: Step) -> None:
        """Note that a step is done."""

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """Note that an epoch has ended."""

    def on_end(self) -> None:
        """Note that the training has ended."""

    @contextmanager
    def stage(self, description: str) -> Iterator[None]:
        """Show a stage of work that lasts as long as the context."""
        yield

    @contextmanager
    def bar(self, description: str, total: int, unit: str, done: int = 0) -> Iterator[Advance]:
        """Show a stage of `total` units, `done` of which are already finished.

        The context yields a function; call it with the number of units that have been added.
        """
        yield lambda _: None


class Watchers(Watcher):
    """Passes everything on to several watchers."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers

    def on_begin(self, history: Sequence[EpochMetrics]) -> None:
        """Note that the run begins, or resumes after these epochs; perhaps no step follows."""
        for watcher in self._watchers:
            watcher.on_begin(history)

    def on_step(self, step: Step) -> None:
        """Note that a step is done."""
        for watcher in self._watchers:
            watcher.on_step(step)

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """Note that an epoch has ended."""
        for watcher in self._watchers:
            watcher.on_epoch(metrics)

    def on_end(self) -> None:
        """Note that the training has ended."""
        for watcher in self._watchers:
            watcher.on_end()

    @contextmanager
    def stage(self, description: str) -> Iterator[None]:
        """Show a stage of work that lasts as long as the context."""
        with ExitStack() as stack:
            for watcher in self._watchers:
                stack.enter_context(watcher.stage(description))
            yield

    @contextmanager
    def bar(self, description: str, total: int, unit: str, done: int = 0) -> Iterator[Advance]:
        """Show a stage of `total` units, `done` of which are already finished."""
        with ExitStack() as stack:
            bars = [watcher.bar(description, total, unit, done) for watcher in self._watchers]
            advances = [stack.enter_context(bar) for bar in bars]

            def advance(count: int) -> None:
                for each in advances:
                    each(count)

            yield advance
