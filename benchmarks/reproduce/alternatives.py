"""Defines the interface of the classifiers that a user might choose instead of a student.

They learn from the students' training texts with the same cleaning. Their few settings are chosen
on the texts that choose a student's epoch, by the same score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from sklearn.metrics import accuracy_score, f1_score

from benchmarks.reproduce.results import Content
from dixtill.distillation.data.corpus import Corpus

Settings = dict[str, float]


@dataclass(frozen=True)
class Fitted:
    """A trained classifier."""

    ask: Callable[[str], int]  # maps a text as it was written to its class
    ask_all: Callable[[Corpus], Content]
    num_bytes: int  # of its file
    chosen: Settings


def measure(fit: Callable[[], Fitted], test: Corpus) -> Content:
    """Train a classifier and answer; the time is that of training and choosing settings."""
    start = perf_counter()
    fitted = fit()
    seconds = perf_counter() - start
    return {
        **fitted.ask_all(test),
        "num_bytes": fitted.num_bytes,
        "train_seconds": seconds,
        "chosen": fitted.chosen,
    }


def best(
    candidates: Sequence[Settings],
    held_out: Corpus,
    predict: Callable[[Settings], Sequence[int]],
) -> Settings:
    """Return the first with the highest accuracy plus macro-F1, as students choose their epoch."""

    def quality(settings: Settings) -> float:
        predicted = predict(settings)
        macro = f1_score(held_out.labels, predicted, average="macro", zero_division=0.0)
        return float(accuracy_score(held_out.labels, predicted) + macro)

    return max(candidates, key=quality)
