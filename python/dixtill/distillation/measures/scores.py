"""Measures accuracy, macro-F1 and calibration error of probabilities, and of a finished student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...runtime.classifier import Classifier
from ..data.corpus import Corpus
from ..finite import check_probabilities
from .calibration_error import FloatArray, calibration_error


@dataclass(frozen=True)
class Scores:
    """Scores as shares in [0, 1]."""

    accuracy: float
    macro_f1: float
    calibration_error: float


@dataclass(frozen=True)
class LabelScores:
    """The scores of one label, as shares in [0, 1]."""

    label: str
    rows: int  # texts with this label
    precision: float
    recall: float
    f1: float


def scores_of(labels: Sequence[int], probabilities: FloatArray) -> Scores:
    """Score probabilities [N, C]; in macro-F1, a class that does not occur counts as 0.

    Raises:
        InputError: a probability is not finite.
    """
    check_probabilities(probabilities)
    true = np.asarray(labels)
    counts = _counts(true, probabilities)
    return Scores(
        accuracy=float(counts.hits.sum() / len(true)),
        macro_f1=float(counts.f1().mean()),
        calibration_error=calibration_error(probabilities, true),
    )


def label_scores(
    labels: Sequence[int], probabilities: FloatArray, names: Sequence[str]
) -> tuple[LabelScores, ...]:
    """Return the scores of each label from probabilities [N, C]; an undefined score is 0."""
    counts = _counts(np.asarray(labels), probabilities)
    precision, recall = (_shares(counts.hits, of) for of in (counts.predicted, counts.true))
    return tuple(
        LabelScores(name, int(rows), *map(float, scores))
        for name, rows, *scores in zip(
            names, counts.true, precision, recall, counts.f1(), strict=True
        )
    )


class _Counts(NamedTuple):
    """Numbers of texts by class, each [C]."""

    hits: npt.NDArray[np.int64]  # true and predicted
    true: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]

    def f1(self) -> npt.NDArray[np.float64]:
        return _shares(2 * self.hits, self.true + self.predicted)


# scikit-learn gives the same numbers, and takes milliseconds even for a few texts.
def _counts(true: npt.NDArray[np.integer], probabilities: FloatArray) -> _Counts:
    predicted, classes = probabilities.argmax(axis=1), probabilities.shape[1]
    columns = true[predicted == true], true, predicted
    return _Counts(*(np.bincount(column, minlength=classes) for column in columns))


def _shares(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Divide; a share of nothing is 0."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def exact_interval(hits: int, count: int) -> tuple[float, float]:
    """Return the 95% confidence interval of a share, by Clopper and Pearson."""
    from scipy import stats  # which takes half a second to import

    interval = stats.binomtest(hits, count).proportion_ci(0.95, method="exact")
    return float(interval.low), float(interval.high)


def score_classifier(classifier: Classifier, corpus: Corpus) -> Scores:
    """Score a student as users run it; `corpus` must have the model's labels in its order."""
    return scores_of(corpus.labels, probabilities_of(classifier, corpus))


def probabilities_of(classifier: Classifier, corpus: Corpus) -> FloatArray:
    """Return probabilities [N, C] of a student as users run it."""
    predictions = classifier.predict(corpus.texts)
    return np.array([list(prediction.probabilities.values()) for prediction in predictions])
