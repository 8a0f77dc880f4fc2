"""Integrated gradients from given gradients to words: PyTorch against the kernels.

Sixteen steps of eight texts of 32 tokens at BERT-base's width: 12.6 MB of gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from dixtill.runtime import kernels, reference

from .conftest import Measure

STEPS, TEXTS, TOKENS, WIDTH, WORDS = 16, 8, 32, 768, 24
GROUP = f"integrated gradients of {TEXTS} texts, {STEPS} steps"


class IntegrationPath(NamedTuple):
    """Gradients along the way from the baseline to the input, and where the tokens belong."""

    gradients: Tensor  # [steps, texts, tokens, width]
    step_weights: Tensor  # [steps]
    delta: Tensor  # [texts, tokens, width]
    word_index: Tensor  # [texts, tokens], int32


@pytest.fixture(scope="module")
def path() -> IntegrationPath:
    generator = torch.Generator().manual_seed(0)
    return IntegrationPath(
        torch.randn(STEPS, TEXTS, TOKENS, WIDTH, generator=generator),
        torch.full((STEPS,), 1 / STEPS),
        torch.randn(TEXTS, TOKENS, WIDTH, generator=generator),
        (torch.arange(TOKENS, dtype=torch.int32) * WORDS // TOKENS).repeat(TEXTS, 1),
    )


@pytest.fixture(scope="module")
def expected(path: IntegrationPath) -> np.ndarray:
    gradients, step_weights, delta, word_index = arrays(path)
    return reference.ig_accumulate(gradients, step_weights, delta, word_index, WORDS)


def arrays(path: IntegrationPath) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return (
        path.gradients.numpy(),
        path.step_weights.numpy(),
        path.delta.numpy(),
        path.word_index.numpy(),
    )


def by_einsum(path: IntegrationPath) -> Tensor:
    tokens = torch.einsum("sbtd,s,btd->bt", path.gradients, path.step_weights, path.delta)
    return merged(tokens, path.word_index)


def by_captums_steps(path: IntegrationPath) -> Tensor:
    """Scale, sum over the steps, multiply, sum over the width: as Captum does."""
    scaled = path.gradients * path.step_weights[:, None, None, None]
    return merged((scaled.sum(dim=0) * path.delta).sum(dim=-1), path.word_index)


def merged(tokens: Tensor, word_index: Tensor) -> Tensor:
    return torch.zeros(TEXTS, WORDS).scatter_add_(1, word_index.long(), tokens)


@pytest.mark.parametrize(
    ("name", "accumulate"), [("PyTorch eager", by_captums_steps), ("torch.einsum", by_einsum)]
)
def test_pytorch(
    measure: Measure,
    path: IntegrationPath,
    expected: np.ndarray,
    name: str,
    accumulate: Callable[[IntegrationPath], Tensor],
) -> None:
    np.testing.assert_allclose(accumulate(path).numpy(), expected, rtol=1e-4, atol=1e-4)
    measure(GROUP, name, lambda: accumulate(path))


@pytest.mark.parametrize("target", kernels.supported_targets())
def test_kernel(measure: Measure, path: IntegrationPath, expected: np.ndarray, target: str) -> None:
    gradients, step_weights, delta, word_index = arrays(path)

    def accumulate() -> np.ndarray:
        return kernels.ig_accumulate(gradients, step_weights, delta, word_index, WORDS, target)

    np.testing.assert_array_equal(accumulate(), expected)
    measure(GROUP, f"dixtill, {target}", accumulate)
