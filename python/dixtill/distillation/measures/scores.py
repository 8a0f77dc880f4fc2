"""Measures accuracy, macro-F1 and calibration error of probabilities, and of a finished student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

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
    predicted = probabilities.argmax(axis=1)
    classes = range(probabilities.shape[1])
    return Scores(
        accuracy=float(accuracy_score(labels, predicted)),
        macro_f1=float(
            f1_score(labels, predicted, labels=classes, average="macro", zero_division=0.0)
        ),
        calibration_error=calibration_error(probabilities, np.asarray(labels)),
    )


def label_scores(
    labels: Sequence[int], probabilities: FloatArray, names: Sequence[str]
) -> tuple[LabelScores, ...]:
    """Return the scores of each label from probabilities [N, C]; an undefined score is 0."""
    columns = precision_recall_fscore_support(
        labels, probabilities.argmax(axis=1), labels=range(len(names)), zero_division=0.0
    )
    return tuple(
        LabelScores(name, int(rows), float(precision), float(recall), float(f1))
        for name, precision, recall, f1, rows in zip(names, *columns, strict=True)
    )


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


def familiar_texts(classifier: Classifier, corpus: Corpus) -> npt.NDArray[np.bool_]:
    """Return whether each text [N] is familiar to a student that can tell it."""
    predictions = classifier.predict(corpus.texts)
    return np.array([bool(prediction.is_familiar) for prediction in predictions])
