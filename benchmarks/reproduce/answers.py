"""Stores a classifier's answers to the test texts: labels and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks.reproduce.results import Content, StudyRecord
from benchmarks.reproduce.statistics import Answers
from dixtill import Prediction

_DIGITS = 6


def of_logits(logits: Tensor) -> Content:
    """Return logits [texts, classes]."""
    return of_probabilities(logits.double().softmax(dim=1).tolist())


def of_predictions(predictions: Sequence[Prediction]) -> Content:
    return of_probabilities([list(item.probabilities.values()) for item in predictions])


def of_probabilities(probabilities: Sequence[Sequence[float]]) -> Content:
    """Return labels and rounded probabilities [texts, classes]; rounding changes no label."""
    return {
        **of_labels([int(np.argmax(row)) for row in probabilities]),
        "probabilities": [[round(value, _DIGITS) for value in row] for row in probabilities],
    }


def of_labels(predicted: Sequence[int]) -> Content:
    """Return the answers of a classifier without probabilities."""
    return {"predicted": list(predicted), "probabilities": None}


def read_answers(record: StudyRecord, teacher: Content, content: Content) -> Answers:
    """Return a measurement's answers, with the true labels and the teacher's."""
    probabilities: Any = content["probabilities"]
    return Answers(
        labels=np.array(record.labels),
        teacher=np.array(teacher["predicted"]),
        predicted=np.array(content["predicted"]),
        num_classes=len(record.label_names),
        probabilities=None if probabilities is None else np.array(probabilities),
    )
