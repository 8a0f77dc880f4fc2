"""Integrated gradients of a teacher's predicted class, one number per word.

Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (2017). The path runs from
a baseline of [PAD] (special tokens and positions kept) to the text, at the output of the embedding
module or at the word embeddings. Storing and resuming is attribution_store.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..runtime import kernels
from ..runtime.cleaning import DEFAULT_RULES, clean
from ..runtime.normalizer import Normalizer
from ..runtime.words import split_words
from .alignment import Span, words_of_tokens
from .teacher import EncodedBatch, Teacher, captured_output, replaced_output

Quadrature = Literal["gausslegendre", "riemann_middle", "riemann_trapezoid"]


@dataclass(frozen=True)
class AttributionSettings:
    """What the numbers depend on; part of the key under which they are stored."""

    layer: Literal["embeddings", "word_embeddings"] = "embeddings"
    output: Literal["logit", "probability"] = "logit"
    quadrature: Quadrature = "gausslegendre"
    steps: int = 24
    cleaning: tuple[str, ...] = DEFAULT_RULES
    engine: Literal["native", "captum"] = "native"

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise InputError(f"steps is {self.steps}, expected at least 2")

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Attribution:
    """The teacher's answer to one text, and its explanation."""

    text: str
    logits: tuple[float, ...]  # [classes]
    target: int  # the predicted class, which the rest explains
    output: float  # f(x), logit or probability of the target
    baseline_output: float  # f(x')
    completeness_error: float  # |sum of all attributions - (f(x) - f(x'))|
    starts: tuple[int, ...]  # [words]
    ends: tuple[int, ...]  # [words]
    attributions: tuple[float, ...]  # [words], summed over the word's tokens
    num_tokens: tuple[int, ...]  # [words], to turn the sum into a mean

    @property
    def relative_error(self) -> float:
        """The completeness error as a share of |f(x) - f(x')|."""
        difference = abs(self.output - self.baseline_output)
        return self.completeness_error / max(difference, 1e-12)


def quadrature(method: Quadrature, steps: int) -> tuple[Tensor, Tensor]:
    """Nodes in [0, 1] and weights that sum to 1, each [steps] in float32.

    >>> nodes, weights = quadrature("gausslegendre", 3)
    >>> round(float((weights * nodes**5).sum()), 6)  # exact up to degree 5: 1/6
    0.166667
    """
    if method == "gausslegendre":
        nodes, weights = np.polynomial.legendre.leggauss(steps)
        nodes, weights = (nodes + 1) / 2, weights / 2
    elif method == "riemann_middle":
        nodes, weights = (np.arange(steps) + 0.5) / steps, np.full(steps, 1 / steps)
    elif method == "riemann_trapezoid":
        nodes, weights = np.linspace(0, 1, steps), np.full(steps, 1 / (steps - 1))
        weights[[0, -1]] /= 2
    else:
        raise InputError(f"unknown quadrature '{method}'")
    return torch.tensor(nodes, dtype=torch.float32), torch.tensor(weights, dtype=torch.float32)


class Attributor:
    """Explains texts with integrated gradients of one teacher."""

    def __init__(
        self, teacher: Teacher, settings: AttributionSettings, rows_per_pass: int = 4096
    ) -> None:
        """`rows_per_pass` bounds memory: tokens x steps in one forward and backward pass."""
        self.teacher = teacher
        self.settings = settings
        self.rows_per_pass = rows_per_pass
        self._normalizer = Normalizer()
        self._layer = (
            teacher.embeddings if settings.layer == "embeddings" else teacher.word_embeddings
        )
        self._integrate = _native if settings.engine == "native" else _captum

    def __call__(self, texts: Sequence[str]) -> list[Attribution]:
        """Explain one batch; the result does not depend on what else was explained before."""
        cleaned = [clean(text, self.settings.cleaning) for text in texts]
        batch = self.teacher.encode(cleaned)
        words = [[(w.start, w.end) for w in split_words(t, self._normalizer)] for t in cleaned]
        index = _word_index(batch, words)
        x, baseline = self._path_ends(batch)
        with torch.no_grad():
            logits = self._logits(batch, x)
            targets = logits.argmax(dim=1)
            outputs = self._outputs(logits, targets)
            baseline_outputs = self._outputs(self._logits(batch, baseline), targets)

        def outputs_at(points: Tensor) -> Tensor:
            """f at `points` [steps * batch, time, width], for the batch repeated step by step."""
            repeats = len(points) // len(targets)
            return self._outputs(self._logits(batch, points), targets.repeat(repeats))

        num_words = max(map(len, words))
        by_word = self._integrate(
            outputs_at, x, baseline, index, num_words + 1, self.settings, self.rows_per_pass
        )
        error = (by_word.sum(dim=1) - (outputs - baseline_outputs)).abs()
        return [
            Attribution(
                text=text,
                logits=tuple(logits[row].tolist()),
                target=int(targets[row]),
                output=float(outputs[row]),
                baseline_output=float(baseline_outputs[row]),
                completeness_error=float(error[row]),
                starts=tuple(start for start, _ in words[row]),
                ends=tuple(end for _, end in words[row]),
                attributions=tuple(by_word[row, : len(words[row])].tolist()),
                num_tokens=tuple(
                    torch.bincount(index[row][index[row] >= 0], minlength=num_words + 1)[
                        : len(words[row])
                    ].tolist()
                ),
            )
            for row, text in enumerate(texts)
        ]

    def num_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of the teacher in each text, special ones included."""
        batch = self.teacher.encode([clean(text, self.settings.cleaning) for text in texts])
        return batch.attention_mask.sum(dim=1).tolist()

    def _path_ends(self, batch: EncodedBatch) -> tuple[Tensor, Tensor]:
        """The layer's output for the text and for the baseline, [batch, time, width]."""
        pad_id = self.teacher.tokenizer.pad_token_id
        baseline_ids = torch.where(batch.special_mask.bool(), batch.input_ids, pad_id)
        # Only the words change in the baseline: positions that a model derives from ids stay.
        baseline_words = self.teacher.word_embeddings(baseline_ids)
        with torch.no_grad():
            with captured_output(self._layer) as x:
                self.teacher.logits(batch.input_ids, batch.attention_mask)
            with (
                replaced_output(self.teacher.word_embeddings, baseline_words),
                captured_output(self._layer) as baseline,
            ):
                self.teacher.logits(batch.input_ids, batch.attention_mask)
        return x[0], baseline[0]

    def _logits(self, batch: EncodedBatch, layer_output: Tensor) -> Tensor:
        """Logits with the layer's output replaced, for as many repeats of the batch as given."""
        repeats = len(layer_output) // len(batch.input_ids)
        with replaced_output(self._layer, layer_output):
            return self.teacher.logits(
                batch.input_ids.repeat(repeats, 1), batch.attention_mask.repeat(repeats, 1)
            )

    def _outputs(self, logits: Tensor, targets: Tensor) -> Tensor:
        values = logits.softmax(dim=1) if self.settings.output == "probability" else logits
        return values.gather(1, targets[:, None])[:, 0]


def _word_index(batch: EncodedBatch, words: Sequence[Sequence[Span]]) -> Tensor:
    """Word of each token [batch, time]; tokens of no word share the last, padding is -1."""
    num_words = max(map(len, words))
    index = torch.full(batch.input_ids.shape, -1, dtype=torch.int32)
    for row, (tokens, spans) in enumerate(zip(batch.offsets, words, strict=True)):
        found = torch.tensor(words_of_tokens(tokens, spans), dtype=torch.int32)
        found[found == len(spans)] = num_words
        index[row, : len(found)] = found
    return index


OutputsAt = Callable[[Tensor], Tensor]


def _native(
    outputs_at: OutputsAt,
    x: Tensor,
    baseline: Tensor,
    index: Tensor,
    num_words: int,
    settings: AttributionSettings,
    rows_per_pass: int,
) -> Tensor:
    """Word attributions [batch, num_words]; gradients stream through the native accumulator."""
    nodes, weights = quadrature(settings.quadrature, settings.steps)
    delta = x - baseline
    total = torch.zeros(len(x), num_words)
    steps_per_pass = max(1, rows_per_pass // (x.shape[0] * x.shape[1]))
    for at, weight in zip(nodes.split(steps_per_pass), weights.split(steps_per_pass), strict=True):
        path = (baseline + at[:, None, None, None] * delta).flatten(0, 1).requires_grad_()
        (gradients,) = torch.autograd.grad(outputs_at(path).sum(), path)
        total += torch.from_numpy(
            kernels.ig_accumulate(
                gradients.view(len(at), *x.shape).numpy(),
                weight.numpy(),
                delta.numpy(),
                index.numpy(),
                num_words,
            )
        )
    return total


def _captum(
    outputs_at: OutputsAt,
    x: Tensor,
    baseline: Tensor,
    index: Tensor,
    num_words: int,
    settings: AttributionSettings,
    rows_per_pass: int,
) -> Tensor:
    """The same by Captum, which keeps the gradients of all steps until the end."""
    from captum.attr import IntegratedGradients

    batch_rows = max(len(x), rows_per_pass // x.shape[1])
    by_token = (
        IntegratedGradients(outputs_at)
        .attribute(
            x,
            baselines=baseline,
            n_steps=settings.steps,
            method=settings.quadrature,
            internal_batch_size=batch_rows,
        )
        .sum(dim=2)
    )
    padding = index < 0
    word_of_token = index.masked_fill(padding, 0).long()
    return torch.zeros(len(x), num_words).scatter_add(
        1, word_of_token, by_token.masked_fill(padding, 0)
    )
