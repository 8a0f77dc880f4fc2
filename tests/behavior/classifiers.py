"""Loads a student and a teacher as the suite asks them: texts in, probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import dixtill
from dixtill.errors import InputError

from .case import LABELS, Probabilities
from .outcomes import Answer


def student(path: str | Path) -> Answer:
    """A student, from its file.

    Raises:
        InputError: its labels are others than those of the suite.
    """
    classifier = dixtill.load(path)
    check_labels(path, classifier.labels)

    def answer(texts: Sequence[str]) -> list[Probabilities]:
        found = (prediction.probabilities for prediction in classifier(list(texts)))
        return [[probabilities[label] for label in LABELS] for probabilities in found]

    return answer


def teacher(folder: str | Path) -> Answer:
    """A teacher, from its folder; it reads texts cleaned by the rules of new students.

    Raises:
        InputError: its labels are others than those of the suite.
    """
    from dixtill.distillation.teacher.teacher import Teacher
    from dixtill.specification.cleaning import DEFAULT_RULES, clean

    loaded = Teacher.load(folder)
    check_labels(folder, loaded.labels)
    order = [loaded.labels.index(label) for label in LABELS]

    def answer(texts: Sequence[str]) -> list[Probabilities]:
        logits = loaded.predict([clean(text, DEFAULT_RULES) for text in texts])
        probabilities: list[Probabilities] = logits.softmax(dim=1)[:, order].tolist()
        return probabilities

    return answer


def check_labels(source: str | Path, labels: Sequence[str]) -> None:
    """Raise InputError unless the labels are those of the suite, in any order."""
    if set(labels) != set(LABELS):
        raise InputError(
            f"{source}: the labels are {', '.join(labels)}, but the suite is about "
            f"{', '.join(LABELS)}; give a model of financial news"
        )
