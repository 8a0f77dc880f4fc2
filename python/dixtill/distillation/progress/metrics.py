"""The metrics of an epoch, and the choice of the best epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

TITLES = {
    "accuracy": "accuracy",
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "ranking_average_precision": "ranking average precision",
    "calibration_error": "ECE",
    "mean_absolute_error": "mean absolute error",
    "pearson": "Pearson",
}
"""The names of scores for people."""
_OF_EPOCHS = ("accuracy", "micro_f1", "macro_f1", "mean_absolute_error", "pearson")


@dataclass(frozen=True)
class EpochMetrics:
    """One line of metrics.jsonl."""

    epoch: int
    loss: float  # the minimized loss, averaged over the batches
    scores: Mapping[str, float]  # on the validation texts, such as accuracy and macro_f1
    quality: float  # of the scores; the epoch with the largest is the best
    terms: Mapping[str, float] = field(default_factory=dict)  # the loss's terms, unweighted
    learning_rate: float | None = None  # at the last step
    weights: Mapping[str, float] = field(default_factory=dict)  # of texts, the mean by group

    @property
    def accuracy(self) -> float:
        """The share of right labels; KeyError if texts have several labels, or a number."""
        return self.scores["accuracy"]

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the labels; KeyError if texts have a number."""
        return self.scores["macro_f1"]


def scores_of_epoch(scores: Mapping[str, float]) -> dict[str, float]:
    """Return those of all scores that an epoch's metrics hold."""
    return {name: value for name, value in scores.items() if name in _OF_EPOCHS}


def shown_scores(scores: Mapping[str, float], separator: str = "  ") -> str:
    """Format scores for a person, on one line."""
    return separator.join(f"{TITLES[name]} {value:.4f}" for name, value in scores.items())


def best_epoch(history: Sequence[EpochMetrics]) -> EpochMetrics:
    """Return the first epoch of the highest quality."""
    return max(history, key=lambda metrics: (metrics.quality, -metrics.epoch))
