"""Measure how close the attributions of `dixtill attribute` are to a fine reference, and the cost.

    python tools/measure_attributions.py --teacher DIR --data train.csv

Prints, for each setting, the steps and seconds per text and the cosine to integrated gradients with
300 Gauss-Legendre nodes (with `--classes all`, the minimum over a text's classes). Also prints the
seconds of Captum's default: 50 nodes, one text at a time. Settings take turns, and seconds are
those of the median round. Texts are drawn at random with a fixed seed. The last line is the share
of the processor's time that summing gradients over words takes, in float32.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from dixtill.distillation.attribution import integration
from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.data.corpus import read_corpus
from dixtill.distillation.teacher.teacher import Teacher

_FLOAT32 = AttributionSettings(precision="float32")
_CAPTUM = replace(_FLOAT32, explainer="captum", steps=50)
_BFLOAT16 = AttributionSettings(precision="bfloat16")
SETTINGS = {
    "Captum, 50 nodes": _CAPTUM,
    "fixed, 24 nodes": replace(_FLOAT32, steps=24),
    "adaptive, float32": _FLOAT32,
    "adaptive, bfloat16": _BFLOAT16,
    "bfloat16, tolerance 0.05": replace(_BFLOAT16, tolerance=0.05),
}
REFERENCE = replace(_FLOAT32, steps=300)


def cosines(rows: Sequence[Attribution], reference: Sequence[Attribution]) -> Iterator[float]:
    """Yield the cosine for each text with words: the minimum over its classes."""
    for row, other in zip(rows, reference, strict=True):
        one, two = (np.array(each.by_class or [each.attributions]) for each in (row, other))
        sizes = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
        if sizes.all():
            yield float(((one * two).sum(axis=1) / sizes).min())


def measured(
    attributors: Mapping[str, Attributor], texts: Sequence[str], rounds: int
) -> tuple[dict[str, list[Attribution]], dict[str, float]]:
    """Run all settings in turns; return their attributions and seconds of the median round."""
    found: dict[str, list[Attribution]] = {}
    seconds: dict[str, list[float]] = {name: [] for name in attributors}
    for _ in range(rounds):
        for name, attributor in attributors.items():
            start = perf_counter()
            found[name] = attributor(texts)
            seconds[name].append(perf_counter() - start)
    return found, {name: median(each) for name, each in seconds.items()}


def share_of_words(attributor: Attributor, texts: Sequence[str]) -> float:
    """Return the share of the processor's time that `integration.by_word` takes."""
    by_word, seconds = integration.by_word, []

    def timed(*args: Any) -> torch.Tensor:
        start = thread_time()
        found = by_word(*args)
        seconds.append(thread_time() - start)
        return found

    start = process_time()
    with patch.object(integration, "by_word", timed):
        attributor(texts)
    return sum(seconds) / (process_time() - start)


def main() -> None:
    """Print a line for each of SETTINGS."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--classes", choices=("predicted", "all"), default="predicted")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    teacher = Teacher.load(args.teacher)
    corpus = read_corpus(args.data, teacher.labels)
    texts = random.Random(0).sample(corpus.texts, min(args.texts, len(corpus)))
    attributors = {
        name: Attributor(teacher, replace(settings, classes=args.classes))
        for name, settings in {**SETTINGS, "reference": REFERENCE}.items()
    }
    reference = attributors.pop("reference")(texts)
    for attributor in attributors.values():
        attributor(texts[:2])  # warms up
    found, seconds = measured(attributors, texts, args.rounds)
    print(f"{len(texts)} texts, {args.threads} threads, classes: {args.classes}")
    print("explained                 steps  s/text  times  >= 0.99  5th percentile  median")
    for name, rows in found.items():
        near = np.array(list(cosines(rows, reference)))
        print(
            f"{name:24} {np.mean([row.steps for row in rows]):6.1f}"
            f" {seconds[name] / len(texts):7.3f} {seconds['Captum, 50 nodes'] / seconds[name]:6.2f}"
            f" {(near >= 0.99).mean():8.2f} {np.percentile(near, 5):15.4f} {np.median(near):7.4f}"
        )
    share = share_of_words(attributors["adaptive, float32"], texts)
    print(f"summing gradients over words takes {share:.2%} of the processor's time")


if __name__ == "__main__":
    main()
