"""Measures a student's explanations text by text, each with two controls.

`random` are random weights, and `integrated gradients` the post-hoc explanation of the same
student. dixtill.distillation.measures.explanations defines each number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.reproduce.gradients import StudentGradients
from benchmarks.reproduce.results import Content
from dixtill import Prediction
from dixtill.distillation.attribution.attributor import Attribution
from dixtill.distillation.measures import explanations as measures
from dixtill.runtime.classifier import Classifier
from dixtill.runtime.model_file.settings import explanations_of
from dixtill.specification.model_file import read_model

RANDOM = "random"
GRADIENTS = "integrated gradients"
TOPS = (1, 3, 5)
AGREEMENTS = {
    "feature": measures.feature_agreement,
    "sign": measures.sign_agreement,
    "rank": measures.rank_agreement,
}
AGREEMENT_COLUMNS = (*(f"{name}@{k}" for name in AGREEMENTS for k in TOPS), "Spearman", "cosine")
FAITHFULNESS_COLUMNS = (
    "comprehensiveness", "sufficiency", "deletion", "insertion", "leave-one-out",
)  # fmt: skip
COLUMNS = (*AGREEMENT_COLUMNS, *FAITHFULNESS_COLUMNS)
_DIGITS = 5

Weights = npt.NDArray[np.float64]


def measure(student_file: Path, explained: Sequence[Attribution]) -> Content:
    """Return numbers [texts][columns] for each way to explain; null if a text has too few words."""
    model = read_model(student_file)
    classifiers = {
        name: Classifier(replace(model, settings=model.settings._replace(explanation=name)))
        for name in explanations_of(model.shape.cell)
    }
    gradients = StudentGradients(model)
    itself = classifiers[model.settings.explanation]
    ways = (*classifiers, GRADIENTS, RANDOM)
    rows: dict[str, list[list[float | None]]] = {shown: [] for shown in ways}
    for seed, teacher in enumerate(explained):
        found = _weights(classifiers, gradients, teacher.text, seed)
        prediction = itself(teacher.text)
        for shown in ways:
            rows[shown].append(_row(itself, prediction, found[shown], teacher))
    return {"columns": COLUMNS, "rows": rows, "gives": model.settings.explanation}


def _weights(
    classifiers: Mapping[str, Classifier], gradients: StudentGradients, text: str, seed: int
) -> dict[str, Weights]:
    """Return the words' weights for each way to explain."""
    predictions = {name: classifier(text) for name, classifier in classifiers.items()}
    found = {
        name: np.array([word.weight for word in prediction.words])
        for name, prediction in predictions.items()
    }
    first = next(iter(predictions.values()))
    target = list(first.probabilities).index(first.top_label)
    num_words = len(first.words)
    found[GRADIENTS] = gradients(text, target) if num_words else np.empty(0)
    found[RANDOM] = measures.random_weights(num_words, seed)
    return found


def _row(
    classifier: Classifier, prediction: Prediction, own: Weights, teacher: Attribution
) -> list[float | None]:
    """Return all columns; null where ranks need two words, or where the first k are all words."""
    if len(own) < 2:
        return [None] * len(COLUMNS)
    theirs = measures.by_words(prediction, teacher)
    spans = [(word.start, word.end) for word in prediction.words]
    answer = partial(_probabilities, classifier, prediction.top_label)
    values = [
        *(
            agree(theirs, own, k) if len(own) > k else None
            for agree in AGREEMENTS.values()
            for k in TOPS
        ),
        measures.spearman(theirs, own),
        measures.cosine(theirs, own),
        *astuple(measures.faithfulness(answer, prediction.text, spans, own)),
    ]
    return [None if value is None else round(value, _DIGITS) for value in values]


def _probabilities(classifier: Classifier, label: str, texts: list[str]) -> list[float]:
    return [prediction.probabilities[label] for prediction in classifier(texts)]
