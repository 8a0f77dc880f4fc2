"""Compares students' explanations with the teacher's on the held-out training texts.

    python tools/compare_explanations.py --teacher DIR --train train.csv --exclude valid.csv \
        --attributions DIR STUDENT.safetensors...

Feature agreement is the share of the k most weighty words in common, sign agreement the share in
common and of the same sign (Krishna et al. 2022, "The Disagreement Problem in Explainable ML").
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dixtill.runtime.classifier import Classifier
from dixtill.runtime.mapped_model import EXPLANATIONS
from dixtill.runtime.model_file import read_model
from dixtill.training.attribution_store import AttributionStore
from dixtill.training.attributions import Attribution, AttributionSettings, Attributor
from dixtill.training.corpus import read_corpus
from dixtill.training.teacher import Teacher

K = 3
Weights = npt.NDArray[np.float64]


def agreement(teacher: Weights, student: Weights) -> tuple[float, float, float]:
    """Feature agreement, sign agreement and cosine of one text's weights, each [words]."""
    common = list(set(np.argsort(-abs(teacher))[:K]) & set(np.argsort(-abs(student))[:K]))
    same_sign = np.sign(teacher[common]) == np.sign(student[common])
    lengths = np.linalg.norm(teacher) * np.linalg.norm(student)
    return len(common) / K, same_sign.sum() / K, teacher @ student / max(lengths, 1e-12)


def row(classifier: Classifier, explained: Sequence[Attribution]) -> list[float]:
    """Mean agreement over the texts of more than K words."""
    found = []
    for teacher in explained:
        words = classifier(teacher.text).words
        spans = zip(teacher.starts, teacher.ends, strict=True)
        by_span = dict(zip(spans, teacher.attributions, strict=True))
        if len(words) > K:
            own = np.array([word.weight for word in words])
            theirs = np.array([by_span.get((word.start, word.end), 0.0) for word in words])
            found.append(agreement(theirs, own))
    means: list[float] = np.mean(found, axis=0).tolist()
    return means


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
    print("| student | shown | feature | sign | cosine |\n|---|---|---|---|---|")
    for path in args.students:
        model = read_model(path)
        for shown in EXPLANATIONS:
            values = row(Classifier(replace(model, explanation=shown)), explained)
            print(f"| {Path(path).stem} | {shown} | {' | '.join(f'{v:.2f}' for v in values)} |")


if __name__ == "__main__":
    main()
