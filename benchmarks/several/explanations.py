"""Compares a student's weights for the labels that texts have with its teacher's attributions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.measures.explanations import (
    Span,
    Weights,
    feature_agreement,
    random_weights,
)
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.runtime.classifier import Classifier

TOP_WORDS = 3


def agreement_on_given_labels(
    student: Classifier, teacher: Path, test: Corpus, num_texts: int, folder: Path
) -> dict[str, float]:
    """Return feature agreement at 3 on the labels given to the first texts, beside random weights.

    The teacher explains every class of them, once for all students.
    """
    corpus = test.take(range(min(num_texts, len(test))))
    attributor = Attributor(Teacher.load(teacher), AttributionSettings(classes="all"))
    store = AttributionStore(folder / "test-attributions")
    store.run(attributor, corpus.texts)
    known = store.known(attributor, corpus.texts)
    ours, control = [], []
    for row, prediction in enumerate(student(list(corpus.texts))):
        explained = known[corpus.texts[row]]
        for label in np.flatnonzero(corpus.targets[row]):
            theirs = _by_words(explained, int(label), [(w.start, w.end) for w in prediction.words])
            if not theirs.size:
                continue
            weights = np.array(prediction.weights(student.labels[label]))
            ours.append(feature_agreement(weights, theirs, TOP_WORDS))
            control.append(feature_agreement(random_weights(len(theirs), row), theirs, TOP_WORDS))
    return {"feature@3": float(np.mean(ours)), "feature@3 of random": float(np.mean(control))}


def _by_words(explained: Attribution, label: int, spans: list[Span]) -> Weights:
    known = dict(
        zip(
            zip(explained.starts, explained.ends, strict=True), explained.by_class[label],
            strict=True,
        )
    )  # fmt: skip
    return np.array([known.get(span, 0.0) for span in spans])
