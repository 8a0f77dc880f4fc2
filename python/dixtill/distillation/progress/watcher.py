"""Who watches a training run: what it is told, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .metrics import EpochMetrics


class Step(NamedTuple):
    """How far a run is."""

    done: int  # steps of all its epochs
    per_epoch: int
    epochs: int  # at most: patience may end it before


class Watcher:
    """Is told how a run goes on. This one does nothing; others override what they want to know."""

    def on_begin(self, history: Sequence[EpochMetrics]) -> None:
        """The run begins or, after these epochs, goes on; it may be that no step follows."""

    def on_step(self, step: Step) -> None:
        """A step is done."""

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """An epoch has ended."""


class Watchers(Watcher):
    """Several that are told the same."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers

    def on_begin(self, history: Sequence[EpochMetrics]) -> None:
        """Tell each."""
        for watcher in self._watchers:
            watcher.on_begin(history)

    def on_step(self, step: Step) -> None:
        """Tell each."""
        for watcher in self._watchers:
            watcher.on_step(step)

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """Tell each."""
        for watcher in self._watchers:
            watcher.on_epoch(metrics)
