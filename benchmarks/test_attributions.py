"""Integrated gradients of many texts: dixtill, and Captum with 50 nodes for one text at a time.

The model has MiniLM-L6's size and random weights, and the adaptive rule takes the steps that these
need; tools/measure_attributions.py measures a real teacher.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import names, peers
from benchmarks.conftest import Compare
from benchmarks.rounds import Candidate
from benchmarks.texts import TWEETS
from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.precision import quickest_precision
from dixtill.distillation.teacher.teacher import Teacher

TEXTS = [" ".join(TWEETS[32].split()[:length]) for length in range(8, 24, 2)]
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


def _candidate(name: str, attributor: Attributor, exact: Sequence[Attribution]) -> Candidate:
    def check(rows: list[Attribution]) -> None:
        """Check for a cosine of 0.99 with 300 nodes, the bound of docs/explaining.md."""
        for row, other in zip(rows, exact, strict=False):
            one, two = np.array(row.attributions), np.array(other.attributions)
            assert one @ two >= 0.99 * np.linalg.norm(one) * np.linalg.norm(two)

    return Candidate(name, partial(attributor, TEXTS), check, {"texts": len(TEXTS)})
