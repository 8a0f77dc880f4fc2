"""How near the attributions of `dixtill attribute` are to a fine reference, at what cost.

    python tools/measure_attributions.py --teacher DIR --data train.csv

Prints, for settings side by side, the steps and seconds a text took, and the cosine to integrated
gradients of 300 Gauss-Legendre nodes; and the seconds of Captum's default, 50 nodes and one text at
a time. Texts are drawn at random, always the same.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np
import torch

from dixtill.training.attributions import Attribution, AttributionSettings, Attributor
from dixtill.training.corpus import read_corpus
from dixtill.training.teacher import Teacher

SETTINGS = {
    "Captum, 50 nodes": AttributionSettings(classes="predicted", explainer="captum", steps=50),
    "fixed, 24 nodes": AttributionSettings(classes="predicted", steps=24),
    "nested": AttributionSettings(classes="predicted"),
    "nested, tolerance 0.05": AttributionSettings(classes="predicted", tolerance=0.05),
    "nested, bfloat16": AttributionSettings(classes="predicted", precision="bfloat16"),
}
REFERENCE = AttributionSettings(classes="predicted", steps=300)


def cosines(rows: Sequence[Attribution], reference: Sequence[Attribution]) -> Iterator[float]:
    """Of each text that has words."""
    for row, other in zip(rows, reference, strict=True):
        one, two = np.array(row.attributions), np.array(other.attributions)
        if one.any() and two.any():
            yield float(one @ two / np.linalg.norm(one) / np.linalg.norm(two))


def main() -> None:
    """Print a line for each of SETTINGS."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    teacher = Teacher.load(args.teacher)
    corpus = read_corpus(args.data, teacher.labels)
    texts = random.Random(0).sample(corpus.texts, min(args.texts, len(corpus)))
    Attributor(teacher, SETTINGS["nested"])(texts[:2])  # warms up
    reference = Attributor(teacher, REFERENCE)(texts)
    print(f"{len(texts)} texts, {args.threads} threads")
    print("explained                 steps  s/text  times  >= 0.99  5th percentile  median")
    first = None
    for name, settings in SETTINGS.items():
        start = perf_counter()
        rows = Attributor(teacher, settings)(texts)
        seconds = (perf_counter() - start) / len(texts)
        first = first or seconds
        near = np.array(list(cosines(rows, reference)))
        steps = np.mean([row.steps for row in rows])
        print(
            f"{name:24} {steps:6.1f} {seconds:7.3f} {first / seconds:6.2f}"
            f" {(near >= 0.99).mean():8.2f} {np.percentile(near, 5):15.4f} {np.median(near):7.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
