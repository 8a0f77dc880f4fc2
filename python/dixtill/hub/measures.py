"""Measures a student on labeled texts for its model card, with 95% intervals."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from ..distillation.data.corpus import Corpus
from ..distillation.measures.calibration_error import FloatArray
from ..distillation.measures.scores import (
    LabelScores,
    Scores,
    exact_interval,
    label_scores,
    scores_of,
)
from ..errors import InputError
from ..runtime.classifier import Classifier

_RESAMPLES = 1000
_TIMED_TEXTS, _ROUNDS = 200, 11


@dataclass(frozen=True)
class Interval:
    """A measure and its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class StudentMeasures:
    """How a student does on labeled texts."""

    rows: int
    majority: float  # the accuracy of always giving the most common label
    accuracy: Interval  # Clopper and Pearson
    macro_f1: Interval  # bootstrap of the texts
    calibration_error: Interval  # bootstrap of the texts
    by_label: tuple[LabelScores, ...]
    truncated: float  # share of the texts that are longer than it reads
    microseconds: float  # median, from a text to its answer, on one thread
    machine: str


def measure(classifier: Classifier, corpus: Corpus) -> StudentMeasures:
    """Answer the texts of `corpus`, whose labels are the student's, and time some of them.

    Raises:
        InputError: the student gives several labels, or a number.
    """
    check_one_label(classifier.output)
    answers = classifier(list(corpus.texts))
    probabilities = np.array([list(answer.probabilities.values()) for answer in answers])
    labels = corpus.targets
    scores = scores_of(corpus.targets, probabilities)
    right = int((probabilities.argmax(axis=1) == labels).sum())
    resampled = _resampled(probabilities, labels)
    return StudentMeasures(
        rows=len(labels),
        majority=float(np.bincount(labels).max() / len(labels)),
        accuracy=Interval(scores.accuracy, *exact_interval(right, len(labels))),
        macro_f1=_interval(scores.macro_f1, [row.macro_f1 for row in resampled]),
        calibration_error=_interval(
            scores.calibration_error, [row.calibration_error for row in resampled]
        ),
        by_label=label_scores(corpus.targets, probabilities, corpus.label_names),
        truncated=sum(answer.truncated for answer in answers) / len(answers),
        microseconds=_microseconds(classifier, corpus.texts[:_TIMED_TEXTS]),
        machine=f"{_processor()}, kernel {classifier.kernel}",
    )


def check_one_label(output: str) -> None:
    """Raise InputError unless a student of this output can be measured for its card."""
    if output != "softmax":
        kind = "several labels" if output == "sigmoid" else "a number"
        raise InputError(
            f"a card has measures of students that give one label, but this one gives {kind}; "
            "leave out the data (--data), and add what `dixtill evaluate` prints"
        )


def _resampled(probabilities: FloatArray, labels: np.ndarray) -> list[Scores]:
    rng = np.random.default_rng(0)
    choices = rng.integers(0, len(labels), (_RESAMPLES, len(labels)))
    return [scores_of(labels[rows].tolist(), probabilities[rows]) for rows in choices]


def _interval(value: float, resampled: Sequence[float]) -> Interval:
    low, high = np.quantile(resampled, [0.025, 0.975])
    # Resampling raises a calibration error, so that the interval may not hold the value.
    return Interval(value, min(float(low), value), max(float(high), value))


def _microseconds(classifier: Classifier, texts: Sequence[str]) -> float:
    times = []
    for _ in range(_ROUNDS):
        start = perf_counter()
        for text in texts:
            classifier(text)
        times.append((perf_counter() - start) / len(texts))
    return 1e6 * statistics.median(times)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
