"""Measures a student's answers to the validation texts, and its explanations, for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix

from ...runtime.classifier import Classifier
from ...runtime.prediction import Prediction
from ..attribution.attributor import Attribution
from ..data.corpus import Corpus
from ..measures import explanations as measures
from ..measures.calibration_error import NUM_BINS
from ..measures.scores import (
    AnyScores,
    LabelScores,
    answers_in,
    label_scores,
    scores_for,
)

_MAX_EXPLAINED = 200  # texts, which take some seconds
_TOP = 3  # words, as in the tables of docs/results.md

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Bin:
    """The answers whose label has a probability in (low, high]."""

    low: float
    high: float
    count: int
    probability: float  # mean
    accuracy: float


@dataclass(frozen=True)
class ExplanationMeasure:
    """A row of the table of explanations."""

    name: str
    weights: float  # mean over the texts, for the weights that the report shows
    random: float  # mean for random weights


@dataclass(frozen=True)
class Comparison:
    """Measures of explanations, as means over `count` texts."""

    rows: list[ExplanationMeasure]
    count: int


@dataclass(frozen=True)
class Answers:
    """A student's answers to labeled texts."""

    corpus: Corpus
    predictions: list[Prediction]
    scores: AnyScores
    thresholds: tuple[float, ...]  # of several labels, otherwise empty
    interval: float | None  # half of that of a number

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.corpus.label_names

    def probabilities(self) -> npt.NDArray[np.float64]:
        """Return probabilities [texts, classes]."""
        return answers_in(self.predictions, self.corpus.output).astype(np.float64)

    def confusion(self) -> npt.NDArray[np.int64]:
        """Return the number of texts by true and predicted class [classes, classes]."""
        counts: npt.NDArray[np.int64] = confusion_matrix(
            self.corpus.targets, self._predicted(), labels=range(len(self.labels))
        )
        return counts

    @property
    def calibration_error(self) -> float:
        """The calibration error of probabilities."""
        return float(asdict(self.scores)["calibration_error"])

    def pairs(self) -> list[tuple[Prediction, Any]]:
        """Return each answer with what its text is labeled with."""
        return list(zip(self.predictions, self.corpus.targets, strict=True))

    def errors(self) -> npt.NDArray[np.float64]:
        """Return the answered numbers minus the right ones [texts]."""
        values = np.array([prediction.value for prediction in self.predictions], np.float64)
        errors: npt.NDArray[np.float64] = values - self.corpus.targets[:, 0]
        return errors

    def classes(self) -> tuple[LabelScores, ...]:
        """Return the scores of each class or label."""
        return label_scores(
            self.corpus.targets, self.probabilities(), self.labels, self.thresholds or None
        )

    def bins(self, count: int = NUM_BINS) -> list[Bin]:
        """Return the bins of the calibration error that are not empty."""
        top, right = self.probabilities().ravel(), self.corpus.targets.ravel()
        if self.corpus.output == "softmax":
            probabilities = self.probabilities()
            top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == right
        column = np.clip(np.ceil(top * count).astype(int) - 1, 0, count - 1)
        return [
            Bin(
                index / count,
                (index + 1) / count,
                int(held.sum()),
                float(top[held].mean()),
                float(right[held].mean()),
            )
            for index in range(count)
            if (held := column == index).any()
        ]

    def _predicted(self) -> npt.NDArray[np.int64]:
        predicted: npt.NDArray[np.int64] = self.probabilities().argmax(axis=1)
        return predicted


def answers_of(classifier: Classifier, corpus: Corpus) -> Answers:
    """Answer the texts of a corpus, which must have the student's labels in the same order."""
    predictions = classifier(list(corpus.texts))
    settings = classifier.model.settings
    thresholds: tuple[float, ...] = settings.thresholds
    found = answers_in(predictions, corpus.output)
    scores = scores_for(corpus.output, corpus.targets, found, thresholds or None)
    return Answers(corpus, predictions, scores, thresholds, settings.interval)


def faithfulness_of(classifier: Classifier, predictions: Sequence[Prediction]) -> Comparison:
    """Measure how faithful the weights are to the student, on some texts of at least two words."""
    chosen = some([p for p in predictions if len(p.words) > 1])
    names = [field.name for field in fields(measures.Faithfulness)]
    own = [astuple(_faithfulness(classifier, p, _weights(p))) for p in chosen]
    random = [
        astuple(_faithfulness(classifier, p, measures.random_weights(len(p.words), seed)))
        for seed, p in enumerate(chosen)
    ]
    return _means(names, own, random)


def agreement_of(classifier: Classifier, explained: Mapping[str, Attribution]) -> Comparison:
    """Measure how far the weights agree with the teacher's attributions, on some of the texts."""
    own, random = [], []
    for seed, (text, attribution) in enumerate(some(list(explained.items()))):
        prediction = classifier(text)
        if len(prediction.words) <= _TOP:
            continue  # with so few words, the top words always agree
        theirs = measures.by_words(prediction, attribution)
        chance = measures.random_weights(len(prediction.words), seed)
        own.append(_agreement(theirs, _weights(prediction)))
        random.append(_agreement(theirs, chance))
    names = [f"feature agreement, first {_TOP}", f"sign agreement, first {_TOP}", "cosine"]
    return _means(names, own, random)


def _agreement(theirs: measures.Weights, weights: measures.Weights) -> tuple[float, ...]:
    return (
        measures.feature_agreement(theirs, weights, _TOP),
        measures.sign_agreement(theirs, weights, _TOP),
        measures.cosine(theirs, weights),
    )


def _faithfulness(
    classifier: Classifier, prediction: Prediction, weights: measures.Weights
) -> measures.Faithfulness:
    spans = [(word.start, word.end) for word in prediction.words]
    answer = partial(_probabilities, classifier, prediction.top_label)
    return measures.faithfulness(answer, prediction.text, spans, weights)


def _probabilities(classifier: Classifier, label: str, texts: list[str]) -> list[float]:
    return [
        prediction.probabilities[label] if prediction.value is None else prediction.value
        for prediction in classifier(texts)
    ]


def _weights(prediction: Prediction) -> measures.Weights:
    return np.array([word.weight for word in prediction.words])


def some(items: Sequence[_Item]) -> list[_Item]:
    """Return at most 200 of `items`, evenly spread, because a file may be sorted by label."""
    rows = np.linspace(0, len(items) - 1, min(_MAX_EXPLAINED, len(items))).astype(int)
    return [items[row] for row in rows]


def _means(
    names: Sequence[str], own: Sequence[tuple[float, ...]], random: Sequence[tuple[float, ...]]
) -> Comparison:
    if not own:
        return Comparison([], 0)
    values = zip(names, np.mean(own, axis=0), np.mean(random, axis=0), strict=True)
    rows = [ExplanationMeasure(name.replace("_", " "), float(a), float(b)) for name, a, b in values]
    return Comparison(rows, len(own))
