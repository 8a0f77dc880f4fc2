"""Scores answers of each kind of output: classes, several labels, and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    label_ranking_average_precision_score,
    precision_recall_fscore_support,
)

from ...runtime.classifier import Classifier
from ...runtime.prediction import Prediction
from ..config import OutputKind
from ..data.corpus import Corpus
from ..finite import check_probabilities
from .calibration_error import FloatArray, Labels, calibration_error, label_calibration_error
from .thresholds import thresholds_for_f1


@dataclass(frozen=True)
class Scores:
    """Scores as shares in [0, 1]."""

    accuracy: float
    macro_f1: float
    calibration_error: float

    @property
    def quality(self) -> float:
        """The sum that chooses a student's best epoch."""
        return self.accuracy + self.macro_f1


@dataclass(frozen=True)
class LabelScores:
    """The scores of one label, as shares in [0, 1]."""

    label: str
    rows: int  # texts with this label
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class SetScores:
    """Scores of several labels a text, as shares in [0, 1]."""

    micro_f1: float
    macro_f1: float
    ranking_average_precision: float  # label_ranking_average_precision_score of scikit-learn
    calibration_error: float  # over all pairs of a text and a label

    @property
    def quality(self) -> float:
        """The sum that chooses a student's best epoch."""
        return self.micro_f1 + self.macro_f1


@dataclass(frozen=True)
class NumberScores:
    """Scores of numbers."""

    mean_absolute_error: float  # in the unit of the numbers
    pearson: float  # correlation, 0 if either is constant

    @property
    def quality(self) -> float:
        """The number that chooses a student's best epoch."""
        return -self.mean_absolute_error


AnyScores: TypeAlias = Scores | SetScores | NumberScores


def scores_of(labels: Labels, probabilities: FloatArray) -> Scores:
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


def set_scores(
    targets: npt.NDArray[np.bool_],
    probabilities: FloatArray,
    thresholds: Sequence[float] | None = None,
) -> SetScores:
    """Score probabilities [N, C] against the labels that the texts have, bool [N, C].

    A text is given the labels whose probability reaches their threshold [C]; None takes the
    thresholds with the best F1 on these texts. In macro-F1, a label that does not occur counts as
    0.

    Raises:
        InputError: a probability is not finite.
    """
    check_probabilities(probabilities)
    if thresholds is None:
        thresholds = thresholds_for_f1(targets, probabilities)
    given = probabilities >= np.asarray(thresholds)
    hits, both = (targets & given).sum(axis=0), (targets.sum(axis=0) + given.sum(axis=0))
    return SetScores(
        micro_f1=float(2 * hits.sum() / max(1, both.sum())),
        macro_f1=float((2 * hits / np.maximum(1, both)).mean()),
        ranking_average_precision=float(
            label_ranking_average_precision_score(targets, probabilities)
        ),
        calibration_error=label_calibration_error(probabilities, targets),
    )


def number_scores(targets: FloatArray, numbers: FloatArray) -> NumberScores:
    """Score numbers [N, 1] against those that the texts are labeled with.

    Raises:
        InputError: a number is not finite.
    """
    check_probabilities(numbers)
    is_constant = np.ptp(targets) == 0 or np.ptp(numbers) == 0
    pearson = 0.0 if is_constant else np.corrcoef(targets[:, 0], numbers[:, 0])[0, 1]
    return NumberScores(float(np.abs(targets - numbers).mean()), float(pearson))


def scores_for(
    output: OutputKind,
    targets: npt.NDArray[Any],
    answers: FloatArray,
    thresholds: Sequence[float] | None = None,
) -> AnyScores:
    """Score answers, probabilities [N, C] or numbers [N, 1], against `Corpus.targets`.

    Raises:
        InputError: an answer is not finite.
    """
    if output == "softmax":
        return scores_of(targets, answers)
    if output == "sigmoid":
        return set_scores(targets, answers, thresholds)
    return number_scores(targets, answers)


def label_scores(
    targets: Labels | npt.NDArray[np.bool_],
    probabilities: FloatArray,
    names: Sequence[str],
    thresholds: Sequence[float] | None = None,
) -> tuple[LabelScores, ...]:
    """Return the scores of each label from probabilities [N, C]; an undefined score is 0.

    With thresholds [C], a text has each label whose probability reaches its own, and `targets` are
    bool [N, C]; without them, it has the most probable one, and `targets` are class indices.
    """
    if thresholds is None:
        classes = np.arange(len(names))
        has = np.asarray(targets)[:, None] == classes
        given = probabilities.argmax(axis=1)[:, None] == classes
    else:
        has, given = np.asarray(targets), probabilities >= np.asarray(thresholds)
    return tuple(
        LabelScores(name, int(of_label.sum()), *_one_label(of_label, answered))
        for name, of_label, answered in zip(names, has.T, given.T, strict=True)
    )


def _one_label(
    has: npt.NDArray[np.bool_], given: npt.NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Return precision, recall and F1 of one label, of texts that have it or not."""
    found = precision_recall_fscore_support(has, given, average="binary", zero_division=0.0)
    return float(found[0]), float(found[1]), float(found[2])


def exact_interval(hits: int, count: int) -> tuple[float, float]:
    """Return the 95% confidence interval of a share, by Clopper and Pearson."""
    from scipy import stats  # which takes half a second to import

    interval = stats.binomtest(hits, count).proportion_ci(0.95, method="exact")
    return float(interval.low), float(interval.high)


def score_classifier(classifier: Classifier, corpus: Corpus) -> AnyScores:
    """Score a student as users run it; `corpus` must have the model's labels in its order."""
    thresholds = used_thresholds(classifier)
    answers = answers_to(classifier, corpus)
    return scores_for(corpus.output, corpus.targets, answers, thresholds)


def used_thresholds(classifier: Classifier) -> tuple[float, ...] | None:
    """Return the threshold of each label of a student that gives several; None for others."""
    own: tuple[float, ...] = classifier.model.settings.thresholds
    threshold = classifier.threshold
    return (own if threshold is None else (threshold,) * len(own)) or None


def answers_to(classifier: Classifier, corpus: Corpus) -> FloatArray:
    """Return a student's answers to the texts, as `answers_in` does."""
    return answers_in(classifier.predict(corpus.texts), corpus.output)


def answers_in(predictions: Sequence[Prediction], output: OutputKind) -> FloatArray:
    """Return the probabilities [N, C] of predictions, or their numbers [N, 1]."""
    if output == "number":
        return np.array([[prediction.value] for prediction in predictions])
    return np.array([list(prediction.probabilities.values()) for prediction in predictions])


def familiar_texts(classifier: Classifier, corpus: Corpus) -> npt.NDArray[np.bool_]:
    """Return whether each text [N] is familiar to a student that can tell it."""
    predictions = classifier.predict(corpus.texts)
    return np.array([bool(prediction.is_familiar) for prediction in predictions])
