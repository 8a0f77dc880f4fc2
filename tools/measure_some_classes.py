"""Measure what students learn from attributions of some classes of a text, beside those of all.

    python tools/measure_some_classes.py --teacher DIR --train train.csv --valid valid.csv --out DIR

For each seed it trains a student on attributions of all classes and one on those of
`--classes-per-text` classes. It prints the agreement of each student's three top words with those
of the teacher for the label that the teacher predicts: the mean over the first validation texts of
more than three words. Last come the means over the seeds. A stopped run resumes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import dixtill
from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.data.unlabeled import read_texts
from dixtill.distillation.measures import explanations as measures
from dixtill.distillation.teacher.teacher import Teacher

TOP = 3


def agreement(student: Path, explained: list[Attribution]) -> float:
    """Return the mean feature agreement of a student's words with the teacher's."""
    predictions = dixtill.load(student)([row.text for row in explained])
    return float(
        np.mean(
            [
                measures.feature_agreement(
                    measures.by_words(prediction, row),
                    np.array([word.weight for word in prediction.words]),
                    TOP,
                )
                for prediction, row in zip(predictions, explained, strict=True)
                if len(prediction.words) > TOP
            ]
        )
    )


def main() -> None:
    """Print a line for each student."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--teacher", "--train", "--valid", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--classes-per-text", type=int, default=2)
    parser.add_argument("--max-explained", type=int, default=700)
    parser.add_argument("--perturbed", type=int, default=0)
    parser.add_argument("--num-texts", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    teacher, folder = Teacher.load(args.teacher), Path(args.out)
    store = AttributionStore(folder / "attributions")
    texts = read_texts(args.valid)[: args.num_texts]
    attributor = Attributor(teacher, AttributionSettings(classes="predicted"))
    store.run(attributor, texts)
    explained = store.read(attributor, texts)
    found: dict[str, list[float]] = {"all": [], "some": []}
    for seed in range(args.seeds):
        for classes, values in found.items():
            out = folder / f"{classes}-{seed}.dixtill"
            dixtill.distill(
                teacher, args.train, args.valid, out=out, attributions=store.folder,
                classes=classes, classes_per_text=args.classes_per_text, seed=seed,
                max_explained=args.max_explained, perturbed=args.perturbed, report=False,
                progress=False, threads=1,
            )  # fmt: skip
            values.append(agreement(out, explained))
            print(f"seed {seed}, {classes} classes: {values[-1]:.3f}", flush=True)
    print(", ".join(f"{classes}: {np.mean(values):.3f}" for classes, values in found.items()))


if __name__ == "__main__":
    main()
