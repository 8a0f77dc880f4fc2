"""Compares students' explanations with the teacher's, and with what the students do.

    python tools/compare_explanations.py --teacher DIR --train train.csv --exclude valid.csv \
        --attributions DIR STUDENT.safetensors...

On the held-out training texts; dixtill.training.explanation_measures says what each number is. The
line `random` is the control: weights that know nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dixtill import Prediction
from dixtill.runtime.classifier import Classifier
from dixtill.runtime.mapped_model import EXPLANATIONS
from dixtill.runtime.model_file import read_model
from dixtill.training import explanation_measures as measures
from dixtill.training.attribution_store import AttributionStore
from dixtill.training.attributions import Attribution, AttributionSettings, Attributor
from dixtill.training.corpus import read_corpus
from dixtill.training.teacher import Teacher

K = 3
COLUMNS = (
    "feature", "sign", "rank", "cosine",
    "comprehensiveness", "sufficiency", "deletion", "insertion", "leave-one-out",
)  # fmt: skip
Weights = npt.NDArray[np.float64]


def row(classifier: Classifier, explained: Sequence[Attribution], shown: str) -> list[float]:
    """Means over the texts of more than K words."""
    found = []
    for seed, teacher in enumerate(explained):
        prediction = classifier(teacher.text)
        if len(prediction.words) > K:
            own = np.array([word.weight for word in prediction.words])
            if shown == "random":
                own = measures.random_weights(len(own), seed)
            found.append(measure(classifier, prediction, own, by_words(prediction, teacher)))
    means: list[float] = np.mean(found, axis=0).tolist()
    return means


def by_words(prediction: Prediction, teacher: Attribution) -> Weights:
    """The teacher's attributions, in the order of the student's words."""
    spans = zip(teacher.starts, teacher.ends, strict=True)
    by_span = dict(zip(spans, teacher.attributions, strict=True))
    return np.array([by_span.get((word.start, word.end), 0.0) for word in prediction.words])


def measure(
    classifier: Classifier, prediction: Prediction, own: Weights, teacher: Weights
) -> tuple[float, ...]:
    spans = [(word.start, word.end) for word in prediction.words]
    answer = partial(probabilities, classifier, prediction.label)
    return (
        measures.feature_agreement(teacher, own, K),
        measures.sign_agreement(teacher, own, K),
        measures.rank_agreement(teacher, own, K),
        measures.cosine(teacher, own),
        *astuple(measures.faithfulness(answer, prediction.text, spans, own)),
    )


def probabilities(classifier: Classifier, label: str, texts: list[str]) -> list[float]:
    return [prediction.probabilities[label] for prediction in classifier(texts)]


def main() -> None:
    """Print a line for each student and each way of explaining it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--teacher", "--train", "--exclude", "--attributions"):
        parser.add_argument(name, required=True)
    parser.add_argument("students", nargs="+")
    args = parser.parse_args()
    teacher = Teacher.load(args.teacher)
    corpus = read_corpus(args.train, teacher.labels)
    _, held_out = corpus.without(read_corpus(args.exclude, teacher.labels)).split(0.1, seed=0)
    attributor = Attributor(teacher, AttributionSettings())
    explained = AttributionStore(Path(args.attributions)).read(attributor, held_out.texts)
    print(f"| student | shown | {' | '.join(COLUMNS)} |\n|---|---|{'---|' * len(COLUMNS)}")
    for path in args.students:
        model = read_model(path)
        for shown in (*EXPLANATIONS, "random"):
            explanation = shown if shown in EXPLANATIONS else model.explanation
            values = row(Classifier(replace(model, explanation=explanation)), explained, shown)
            print(f"| {Path(path).stem} | {shown} | {' | '.join(f'{v:.2f}' for v in values)} |")


if __name__ == "__main__":
    main()
