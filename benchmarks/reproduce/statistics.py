"""Measures of answers and explanations, with paired bootstrap intervals, in NumPy.

A measure is a function of means over texts: of right answers, of cells of the confusion matrix, of
calibration gaps by bin. A resample only gives the texts other weights in these means, so ten
thousand resamples are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dixtill.distillation.measures.calibration_error import calibration_gaps

NUM_RESAMPLES = 10_000

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """A classifier's answers to the test texts, with the labels that they are compared with."""

    labels: Integers  # [texts], the true labels
    teacher: Integers  # [texts], the teacher's labels
    predicted: Integers  # [texts]
    num_classes: int
    probabilities: Floats | None = None  # [texts, classes]; a support-vector machine has none


class Measure(NamedTuple):
    """A measure of answers: the function `of_means` of the means of `features` over the texts."""

    features: Callable[[Answers], Floats]  # [texts, features]
    of_means: Callable[[Floats], Floats]  # [..., features] to [...]
    needs_probabilities: bool = False

    def __call__(self, answers: Answers) -> float:
        return float(self.of_means(self.features(answers).mean(axis=0)))


def _gaps_of(answers: Answers) -> Floats:
    if answers.probabilities is None:
        raise ValueError("these answers have no probabilities to be calibrated")
    return calibration_gaps(answers.probabilities, answers.labels)


def _sum_of_sizes(means: Floats) -> Floats:
    sizes: Floats = np.abs(means).sum(axis=-1)
    return sizes


def _equality(of: Callable[[Answers], Integers]) -> Callable[[Answers], Floats]:
    return lambda answers: (answers.predicted == of(answers)).astype(np.float64)[:, None]


def _only(means: Floats) -> Floats:
    return means[..., 0]


def _confusion(answers: Answers) -> Floats:
    """Return each text's cell of the confusion matrix, true by predicted class, as one-hot."""
    cells = answers.labels * answers.num_classes + answers.predicted
    one_hot: Floats = np.eye(answers.num_classes**2)[cells]
    return one_hot


def _macro_f1(means: Floats) -> Floats:
    """Return macro-F1 over all classes; one that neither occurs nor is predicted counts as 0."""
    classes = round(means.shape[-1] ** 0.5)
    cells = means.reshape(*means.shape[:-1], classes, classes)
    hits = np.diagonal(cells, axis1=-2, axis2=-1)
    either = cells.sum(axis=-1) + cells.sum(axis=-2)
    scores = np.divide(2 * hits, either, out=np.zeros_like(either), where=either > 0)
    macro: Floats = scores.mean(axis=-1)
    return macro


MEASURES = {
    "accuracy": Measure(_equality(lambda answers: answers.labels), _only),
    "macro-F1": Measure(_confusion, _macro_f1),
    "fidelity": Measure(_equality(lambda answers: answers.teacher), _only),
    "ECE": Measure(_gaps_of, _sum_of_sizes, needs_probabilities=True),
}


def present(values: Floats) -> Floats:
    """Return the features for `mean_of_present` of numbers that are NaN for some texts."""
    there = ~np.isnan(values)
    return np.hstack([np.where(there, values, 0.0), there])


def mean_of_present(means: Floats) -> Floats:
    """Return each column's mean over the texts that have it, [..., 2 columns] to [..., columns]."""
    values, there = np.split(means, 2, axis=-1)
    return np.divide(values, there, out=np.full_like(values, np.nan), where=there > 0)


class Interval(NamedTuple):
    """A difference with its interval."""

    value: float
    low: float
    high: float


class Bootstrap:
    """Resamples of the test texts, which are always the same, so that comparisons are paired.

    Intervals are percentile intervals. Seeds are averaged within a resample, so an interval shows
    the effect of the choice of texts; the spread over the seeds is shown separately.
    """

    def __init__(self, num_texts: int, num_resamples: int = NUM_RESAMPLES, seed: int = 0) -> None:
        counts = np.random.default_rng(seed).multinomial(
            num_texts, np.full(num_texts, 1 / num_texts), size=num_resamples
        )
        self.counts: Integers = counts.astype(np.int64)  # [resamples, texts]
        self._weights = counts / num_texts

    def resampled(self, of_seeds: Sequence[Floats], of_means: Callable[[Floats], Floats]) -> Floats:
        """Return the mean over the seeds in each resample; `of_seeds` has features [texts, ...]."""
        values = [of_means(self._weights @ features) for features in of_seeds]
        mean: Floats = np.mean(values, axis=0)
        return mean


def interval(value: float, differences: Floats, confidence: float = 0.95) -> Interval:
    """Return the measured `value` with the percentile interval of the resampled `differences`."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(differences, [tail, 1 - tail])
    return Interval(value, float(low), float(high))
