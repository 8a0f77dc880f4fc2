"""Times the sum of gradients over words: PyTorch, the kernels, and memory bandwidth.

The gradients are in the cache, or take 200 MB, where reading them can be the limit. The columns
show gradient bytes per second, compared with a plain sum of the same array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks import names
from benchmarks.conftest import Compare
from benchmarks.rounds import Candidate
from dixtill.runtime import targets
from dixtill.specification import kernels, reference

WIDTH, TOKENS, WORDS = 768, 32, 24
SHAPES = [(16, 1), (64, 32)]  # steps, texts: 1.6 MB, 201 MB
FEW_STEPS = 4  # where nothing is timed


class IntegrationPath(NamedTuple):
    """Gradients on the path from the baseline to the input, and the word of each token."""

    gradients: Tensor  # [steps, texts, tokens, width]
    step_weights: Tensor  # [steps]
    delta: Tensor  # [texts, tokens, width]
    word_index: Tensor  # [texts, tokens], int32


@torch.inference_mode()
@pytest.mark.parametrize(("num_steps", "num_texts"), SHAPES)
def test_ig_accumulate(compare: Compare, is_timed: bool, num_steps: int, num_texts: int) -> None:
    if not is_timed:
        num_steps = min(num_steps, FEW_STEPS)
    path = _random_path(num_steps, num_texts)
    num_bytes = path.gradients.nbytes
    candidates = [*_by_pytorch(path), *_by_kernels(path), *_of_memory(path.gradients)]
    compare(names.accumulation(num_bytes / 1e6), candidates)


def _random_path(num_steps: int, num_texts: int) -> IntegrationPath:
    generator = torch.Generator().manual_seed(0)
    return IntegrationPath(
        torch.randn(num_steps, num_texts, TOKENS, WIDTH, generator=generator),
        torch.full((num_steps,), 1 / num_steps),
        torch.randn(num_texts, TOKENS, WIDTH, generator=generator),
        (torch.arange(TOKENS, dtype=torch.int32) * WORDS // TOKENS).repeat(num_texts, 1),
    )


def _facts(path: IntegrationPath) -> dict[str, float]:
    return {"gigabytes": path.gradients.nbytes / 1e9}


def by_captums_formula(path: IntegrationPath) -> Tensor:
    """Scale, sum over the steps and multiply as Captum does (integrated_gradients.py); then sum."""
    num_steps = len(path.gradients)
    scaled = path.gradients.contiguous().view(num_steps, -1) * path.step_weights.view(num_steps, 1)
    total = torch.sum(scaled.reshape(path.gradients.shape), 0)
    return _merged((total * path.delta).sum(dim=-1), path.word_index)


def by_einsum(path: IntegrationPath) -> Tensor:
    tokens = torch.einsum("sbtd,s,btd->bt", path.gradients, path.step_weights, path.delta)
    return _merged(tokens, path.word_index)


def _merged(tokens: Tensor, word_index: Tensor) -> Tensor:
    return torch.zeros(len(tokens), WORDS).scatter_add_(1, word_index.long(), tokens)


def _by_pytorch(path: IntegrationPath) -> Iterator[Candidate]:
    exact = _merged(
        torch.einsum("sbtd,s,btd->bt", *(t.double() for t in path[:3])).float(), path.word_index
    ).numpy()

    def check(attributions: Tensor) -> None:
        np.testing.assert_allclose(attributions.numpy(), exact, rtol=1e-4, atol=1e-4)

    formulas: dict[str, Callable[[IntegrationPath], Tensor]] = {
        names.CAPTUM_STEPS: by_captums_formula,
        names.EINSUM: by_einsum,
    }
    for name, accumulate in formulas.items():
        yield Candidate(name, partial(accumulate, path), check, _facts(path))


def _by_kernels(path: IntegrationPath) -> Iterator[Candidate]:
    gradients, step_weights, delta, word_index = (tensor.numpy() for tensor in path)
    inputs = (gradients, step_weights, delta, word_index, WORDS)
    expected = reference.ig_accumulate(*inputs)

    def check(attributions: np.ndarray) -> None:
        np.testing.assert_array_equal(attributions, expected)

    for target in targets.supported_targets():
        call = partial(kernels.ig_accumulate, *inputs, target)
        yield Candidate(names.dixtill(target), call, check, _facts(path))


def _of_memory(array: Tensor) -> Iterator[Candidate]:
    """Sum all gradients, the least work that reads that many bytes."""
    copy = torch.empty_like(array)

    def check_sum(total: Tensor) -> None:
        assert abs(float(total) - float(array.double().sum())) <= 1e-3 * array.numel() ** 0.5

    def check_copy(copied: Tensor) -> None:
        assert torch.equal(copied, array)

    read = array.nbytes / 1e9
    yield Candidate(names.SUM, array.sum, check_sum, {"gigabytes": read})
    yield Candidate(names.COPY, lambda: copy.copy_(array), check_copy, {"gigabytes": 2 * read})
