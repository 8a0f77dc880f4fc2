"""Computes Captum's attributions along the same path, to compare with ours and to distill from.

Texts and classes are explained one at a time, each with the same random numbers, so that no text's
result depends on another text. Captum 0.9's DeepLift handles only modules such as ReLU and Tanh: in
a transformer it replaces the slope of the pooler, while GELU, LayerNorm and attention keep their
gradients.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..config import FixedRule
from .integration import Integral, Path
from .layer_answers import LayerAnswers

_NUM_SAMPLES = 32  # GradientShap's points between baseline and text


def explain(
    name: str, answers: LayerAnswers, path: Path, quadrature: FixedRule, steps: int
) -> Integral:
    """Explain a text by the explainer `name`; only integrated gradients use `steps`."""
    forward = _Forward(answers)
    end = (path.start + path.delta).requires_grad_()
    fixed = {
        "inputs": end[None],
        "additional_forward_args": answers.teacher.padded_inputs(
            [path.input_ids], [path.token_type_ids]
        ),
    }
    rows = []
    for label in path.classes.tolist():
        with _same_random_numbers() if name == "gradient_shap" else nullcontext():
            found = _EXPLAINERS[name](forward, path, {**fixed, "target": label}, quadrature, steps)
        rows.append(found[0].detach().cpu())
    by_token = torch.stack(rows)  # [outputs, time]
    words = path.word_of_token.long().expand_as(by_token)
    by_output = torch.zeros(len(rows), path.num_words).scatter_add(1, words, by_token)
    return Integral(by_output, steps if name == "captum" else 1)


@contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Seed the generators inside the context, and restore their states after it.

    GradientShap draws from PyTorch's and from NumPy's global generator; no other explainer draws.
    """
    state = np.random.get_state()  # noqa: NPY002  Captum draws from it
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        np.random.seed(0)  # noqa: NPY002  Captum draws from it
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002  Captum draws from it


class _Forward(nn.Module):
    """The part of the teacher behind the layer, as a module whose submodules DeepLift can hook."""

    def __init__(self, answers: LayerAnswers) -> None:
        super().__init__()
        self.model = answers.teacher.model
        self._answers = answers

    def forward(self, points: Tensor, *inputs: Tensor) -> Tensor:
        return self._answers(points, *inputs)


def _integrated_gradients(
    forward: _Forward, path: Path, fixed: Mapping[str, Any], quadrature: FixedRule, steps: int
) -> Tensor:
    from captum.attr import IntegratedGradients

    found: Tensor = IntegratedGradients(forward).attribute(
        baselines=path.start[None], n_steps=steps, method=quadrature, **fixed
    )
    # Captum 0.9 weights the n nodes of the trapezoid by 1/n, though they bound n - 1 intervals.
    scale = steps / (steps - 1) if quadrature == "riemann_trapezoid" else 1.0
    return found.sum(dim=2) * scale


def _gradient_x_input(
    forward: _Forward, path: Path, fixed: Mapping[str, Any], *_: object
) -> Tensor:
    """Multiply the gradient at the text by the difference from the baseline, not by the input."""
    from captum.attr import Saliency

    gradient: Tensor = Saliency(forward).attribute(abs=False, **fixed)
    return (gradient * path.delta).sum(dim=2)


def _deep_lift(forward: _Forward, path: Path, fixed: Mapping[str, Any], *_: object) -> Tensor:
    from captum.attr import DeepLift

    with warnings.catch_warnings():
        # DeepLift warns of the hooks that it sets, and removes them.
        warnings.filterwarnings("ignore", "Setting forward, backward hooks")
        found: Tensor = DeepLift(forward).attribute(baselines=path.start[None], **fixed)
    return found.sum(dim=2)


def _gradient_shap(forward: _Forward, path: Path, fixed: Mapping[str, Any], *_: object) -> Tensor:
    from captum.attr import GradientShap

    found: Tensor = GradientShap(forward).attribute(
        baselines=path.start[None], n_samples=_NUM_SAMPLES, **fixed
    )
    return found.sum(dim=2)


def _occlusion(forward: _Forward, path: Path, fixed: Mapping[str, Any], *_: object) -> Tensor:
    """Return how much the answer drops when the baseline replaces a word."""
    from captum.attr import FeatureAblation

    words = path.word_of_token.long()
    found: Tensor = FeatureAblation(forward).attribute(
        baselines=path.start[None], feature_mask=words[None, :, None], **fixed
    )
    # Captum gives every token of a word the word's whole drop, so divide it among them.
    return found[:, :, 0] / torch.bincount(words)[words]


_EXPLAINERS: Mapping[str, Callable[..., Tensor]] = {
    "captum": _integrated_gradients,
    "gradient_x_input": _gradient_x_input,
    "deep_lift": _deep_lift,
    "gradient_shap": _gradient_shap,
    "occlusion": _occlusion,
}
