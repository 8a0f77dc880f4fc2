"""The metrics of an epoch, and the choice of the best epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EpochMetrics:
    """One line of metrics.jsonl; accuracy and macro-F1 are measured on the validation texts."""

    epoch: int
    loss: float  # the minimized loss, averaged over the batches
    accuracy: float
    macro_f1: float
    terms: Mapping[str, float] = field(default_factory=dict)  # the loss's terms, unweighted
    learning_rate: float | None = None  # at the last step
    weights: Mapping[str, float] = field(default_factory=dict)  # of texts, the mean by group


def accuracy_plus_macro_f1(metrics: EpochMetrics) -> float:
    """Return the score that chooses a student's best epoch."""
    return metrics.accuracy + metrics.macro_f1


def best_epoch(
    history: Sequence[EpochMetrics],
    score: Callable[[EpochMetrics], float] = accuracy_plus_macro_f1,
) -> EpochMetrics:
    """Return the first epoch with the highest score."""
    return max(history, key=lambda metrics: (score(metrics), -metrics.epoch))
