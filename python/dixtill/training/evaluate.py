"""Accuracy and macro-F1 of a student, float or from its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from sklearn.metrics import accuracy_score, f1_score

from ..runtime.classifier import Classifier
from .corpus import Corpus
from .examples import Examples
from .student import Student


@dataclass(frozen=True)
class Scores:
    """Shares in [0, 1]."""

    accuracy: float
    macro_f1: float


def scores_of(labels: Sequence[int], predicted: Sequence[int], num_classes: int) -> Scores:
    """Accuracy and macro-averaged F1 over all classes; an absent class counts as F1 = 0."""
    return Scores(
        accuracy=float(accuracy_score(labels, predicted)),
        macro_f1=float(
            f1_score(
                labels, predicted, labels=range(num_classes), average="macro", zero_division=0.0
            )
        ),
    )


def score(student: Student, examples: Examples) -> Scores:
    """Scores of a float student; it is left in evaluation mode."""
    student.eval()
    predicted: list[int] = []
    with torch.no_grad():
        for batch in examples.ordered_batches(256):
            predicted += student(batch.piece_ids, batch.mask).logits.argmax(dim=1).tolist()
    return scores_of(examples.labels.tolist(), predicted, student.head.out_features)


def score_classifier(classifier: Classifier, corpus: Corpus) -> Scores:
    """Scores of a student as users run it; `corpus` names its labels as the model does."""
    index = {label: i for i, label in enumerate(classifier.labels)}
    predictions = classifier.predict(corpus.texts)
    return scores_of(corpus.labels, [index[p.label] for p in predictions], len(index))
