"""A watcher for tests, which keeps what it is told and calls the test back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dixtill.distillation.progress.metrics import EpochMetrics
from dixtill.distillation.progress.watcher import Step, Watcher


class EachEpoch(Watcher):
    """Keeps what it is told, and calls `act` with each epoch."""

    def __init__(self, act: Callable[[EpochMetrics], object] = lambda _: None) -> None:
        self.history: list[EpochMetrics] | None = None
        self.steps: list[Step] = []
        self.epochs: list[EpochMetrics] = []
        self._act = act

    def on_begin(self, history: Sequence[EpochMetrics]) -> None:
        self.history = list(history)

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def on_epoch(self, metrics: EpochMetrics) -> None:
        self.epochs.append(metrics)
        self._act(metrics)
