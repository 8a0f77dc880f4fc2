"""Integrated gradients of many texts: dixtill, and Captum with 50 nodes for one text at a time.

And of many classes: what some classes of each text cost, beside one.

The model has MiniLM-L6's size and random weights, and the adaptive rule takes the steps that these
need; tools/measure_attributions.py measures a real teacher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import names, peers
from benchmarks.conftest import Compare
from benchmarks.rounds import Candidate
from benchmarks.teachers import minilm_l6
from benchmarks.texts import TWEETS
from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.precision import quickest_precision
from dixtill.distillation.teacher.teacher import Teacher

TEXTS = [" ".join(TWEETS[32].split()[:length]) for length in range(8, 24, 2)]
NUM_CLASSES = 28  # as many as GoEmotions has
CAPTUMS = AttributionSettings(classes="predicted", explainer="captum", steps=50)


@pytest.mark.skipif(
    not peers.is_installed("Captum"), reason=f"Captum: {peers.what_to_install('Captum')}"
)
@pytest.mark.parametrize("num_threads", [1, 2])
def test_attributions_of_many_texts(
    compare: Compare, minilm: nn.Module, tokenizer: Any, num_threads: int
) -> None:
    teacher = Teacher(minilm, tokenizer)
    exact = Attributor(teacher, AttributionSettings(classes="predicted", steps=300))(TEXTS[:4])
    ours = AttributionSettings(classes="predicted", precision=quickest_precision(teacher.device))
    candidates = [
        _candidate(names.CAPTUM_EACH, Attributor(teacher, CAPTUMS), exact),
        _candidate(names.ADAPTIVE, Attributor(teacher, ours), exact),
    ]
    torch.set_num_threads(num_threads)
    try:
        compare(names.attributions(num_threads), candidates, min_rounds=3)
    finally:
        torch.set_num_threads(1)


def test_attributions_of_many_classes(compare: Compare, tokenizer: Any, is_timed: bool) -> None:
    model = minilm_l6(num_layers=6 if is_timed else 2, num_labels=NUM_CLASSES)
    teacher = Teacher(model, tokenizer)
    candidates = []
    for name, classes in ((names.ONE_CLASS, "predicted"), (names.SOME_CLASSES, "some")):
        settings = AttributionSettings(classes=classes, precision="float32")
        exact = Attributor(teacher, replace(settings, steps=300))(TEXTS[:4])
        candidates.append(_candidate(name, Attributor(teacher, settings), exact))
    compare(names.attributions_of_classes(NUM_CLASSES), candidates, min_rounds=3)


def _candidate(name: str, attributor: Attributor, exact: Sequence[Attribution]) -> Candidate:
    def check(rows: list[Attribution]) -> None:
        """Check for a cosine of 0.99 with 300 nodes, the bound of docs/explaining.md."""
        for row, other in zip(rows, exact, strict=False):
            assert row.classes == other.classes
            one, two = (np.array([each.attributions, *each.by_class]) for each in (row, other))
            sizes = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
            assert ((one * two).sum(axis=1) >= 0.99 * sizes).all()

    return Candidate(name, partial(attributor, TEXTS), check, {"texts": len(TEXTS)})
