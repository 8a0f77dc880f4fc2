"""The student's forward pass alone, from piece ids: PyTorch against the kernels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from dixtill.runtime import reference
from dixtill.runtime.forward import Forward
from dixtill.runtime.kernels import StudentKernel
from dixtill.runtime.targets import supported_targets
from dixtill.runtime.weights import StudentWeights
from dixtill.training.quantize import dequantized

from .conftest import Measure
from .contestants import random_batch, random_weights

Batch = tuple[int, int]

pytestmark = pytest.mark.parametrize("batch", [(1, 12), (1, 32), (64, 32)], ids=str)


@pytest.fixture(scope="module")
def weights() -> StudentWeights:
    return random_weights()


@pytest.fixture(scope="module")
def expected(weights: StudentWeights) -> Callable[[Batch], Forward]:
    answers: dict[Batch, Forward] = {}

    def answer(batch: Batch) -> Forward:
        if batch not in answers:
            answers[batch] = reference.forward(weights, *random_batch(*batch))
        return answers[batch]

    return answer


def group(batch: Batch) -> str:
    num_texts, length = batch
    return f"student forward, batch {num_texts}, {length} pieces"


@torch.inference_mode()
def test_pytorch(
    measure: Measure,
    weights: StudentWeights,
    expected: Callable[[Batch], Forward],
    batch: Batch,
) -> None:
    student = dequantized(weights)
    piece_ids = torch.from_numpy(random_batch(*batch)[0]).long().view(batch)
    mask = torch.ones_like(piece_ids, dtype=torch.bool)
    logits = expected(batch).logits
    error = np.abs(student(piece_ids, mask).logits.numpy() - logits).max()
    assert error <= 0.1 * np.abs(logits).max()
    measure(group(batch), "PyTorch eager", lambda: student(piece_ids, mask))


@pytest.mark.parametrize("target", supported_targets())
def test_kernel(
    measure: Measure,
    weights: StudentWeights,
    expected: Callable[[Batch], Forward],
    batch: Batch,
    target: str,
) -> None:
    kernel = StudentKernel(weights, target)
    piece_ids, offsets = random_batch(*batch)
    answer, specified = kernel.forward(piece_ids, offsets), expected(batch)
    for part in ("logits", "probabilities", "scores", "attention", "contributions"):
        np.testing.assert_array_equal(getattr(answer, part), getattr(specified, part))
    measure(group(batch), f"dixtill, {target}", lambda: kernel.forward(piece_ids, offsets))
