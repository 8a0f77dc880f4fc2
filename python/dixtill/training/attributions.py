"""Integrated gradients of a teacher's classes, one number per word.

Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (2017). The path runs from
a baseline of [PAD] (special tokens and positions kept) to the text, at the output of the embedding
module or at the word embeddings. Storing and resuming is attribution_store.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..errors import InputError
from ..runtime.cleaning import DEFAULT_RULES, clean
from ..runtime.normalizer import Normalizer
from ..runtime.words import split_words
from . import torch_ops  # noqa: F401  registers torch.ops.dixtill
from .alignment import Span, words_of_tokens
from .teacher import EncodedBatch, Teacher, captured_output, replaced_output

Quadrature = Literal["gausslegendre", "riemann_middle", "riemann_trapezoid"]


@dataclass(frozen=True)
class AttributionSettings:
    """What the numbers depend on; part of the key under which they are stored."""

    layer: Literal["embeddings", "word_embeddings"] = "embeddings"
    output: Literal["logit", "probability"] = "logit"
    classes: Literal["predicted", "all"] = "predicted"
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
    by_class: tuple[tuple[float, ...], ...] = ()  # [classes][words]; empty for one class

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
        word_of_token = _words_of_batch(batch, words)
        x, logits = self._read(batch, batch.input_ids)
        baseline, baseline_logits = self._read(batch, self._baseline_ids(batch))
        targets = logits.argmax(dim=1, keepdim=True)
        classes = self._explained_classes(targets, num_classes=logits.shape[1])
        path = _Path(
            start=baseline,
            end=x,
            outputs_at=lambda points: self._outputs_at(points, batch, classes),
            num_outputs=classes.shape[1],
            word_of_token=word_of_token,
            num_words=max(map(len, words)) + 1,
        )
        by_class = self._integrate(path, self.settings, self.rows_per_pass)
        of_target = (classes == targets).int().argmax(dim=1)
        by_word = by_class[torch.arange(len(texts)), of_target]
        outputs = self._outputs(logits, targets)[:, 0]
        baseline_outputs = self._outputs(baseline_logits, targets)[:, 0]
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
                num_tokens=_token_counts(word_of_token[row], len(words[row])),
                by_class=self._by_class(by_class[row, :, : len(words[row])]),
            )
            for row, text in enumerate(texts)
        ]

    def num_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of the teacher in each text, special ones included."""
        return self.teacher.num_tokens([clean(text, self.settings.cleaning) for text in texts])

    def _baseline_ids(self, batch: EncodedBatch) -> Tensor:
        pad_id = self.teacher.tokenizer.pad_token_id
        return torch.where(batch.special_mask.bool(), batch.input_ids, pad_id)

    @torch.no_grad()
    def _read(self, batch: EncodedBatch, word_ids: Tensor) -> tuple[Tensor, Tensor]:
        """The layer's output [batch, time, width] and the logits, with other words in the batch.

        Only the words change: positions that a model derives from its ids stay.
        """
        words = self.teacher.word_embeddings(word_ids)
        with (
            replaced_output(self.teacher.word_embeddings, words),
            captured_output(self._layer) as captured,
        ):
            logits = self.teacher.logits(batch.input_ids, batch.attention_mask)
        return captured[0], logits

    def _explained_classes(self, targets: Tensor, num_classes: int) -> Tensor:
        """Which classes are explained of each text [batch, outputs]."""
        if self.settings.classes == "predicted":
            return targets
        return torch.arange(num_classes).expand(len(targets), -1)

    def _by_class(self, attributions: Tensor) -> tuple[tuple[float, ...], ...]:
        """What is kept of one text's attributions [outputs, words]."""
        if self.settings.classes == "predicted":
            return ()
        return tuple(map(tuple, attributions.tolist()))

    def _outputs_at(self, points: Tensor, batch: EncodedBatch, classes: Tensor) -> Tensor:
        """f at `points` [steps * batch, time, width] of the layer, the batch step by step."""
        repeats = len(points) // len(classes)
        with replaced_output(self._layer, points):
            logits = self.teacher.logits(
                batch.input_ids.repeat(repeats, 1), batch.attention_mask.repeat(repeats, 1)
            )
        return self._outputs(logits, classes.repeat(repeats, 1))

    def _outputs(self, logits: Tensor, classes: Tensor) -> Tensor:
        """Logits or probabilities of `classes` [batch, outputs]."""
        values = logits.softmax(dim=1) if self.settings.output == "probability" else logits
        return values.gather(1, classes)


def _words_of_batch(batch: EncodedBatch, words: Sequence[Sequence[Span]]) -> Tensor:
    """Word of each token [batch, time]: one past the text's words for a token of none, -1 on
    padding."""
    rows = [
        torch.tensor(words_of_tokens(tokens, spans), dtype=torch.int32)
        for tokens, spans in zip(batch.offsets, words, strict=True)
    ]
    return pad_sequence(rows, batch_first=True, padding_value=-1)


def _token_counts(word_of_token: Tensor, num_words: int) -> tuple[int, ...]:
    """How many tokens each of a text's words has."""
    counts = torch.bincount(word_of_token[word_of_token >= 0], minlength=num_words)
    return tuple(counts[:num_words].tolist())


@dataclass(frozen=True)
class _Path:
    """The straight line from the baseline to the texts, and the teacher along it."""

    start: Tensor  # [batch, time, width], the baseline
    end: Tensor  # [batch, time, width], the texts
    outputs_at: Callable[[Tensor], Tensor]  # f [points, outputs] at points [points, time, width]
    num_outputs: int
    word_of_token: Tensor  # [batch, time] int32, -1 on padding
    num_words: int  # of the longest text, and one more for the tokens of no word


def _native(path: _Path, settings: AttributionSettings, rows_per_pass: int) -> Tensor:
    """Attributions [batch, outputs, num_words], streamed through the native accumulator."""
    nodes, weights = quadrature(settings.quadrature, settings.steps)
    delta = (path.end - path.start).contiguous()
    total = torch.zeros(len(delta), path.num_outputs, path.num_words)
    steps_per_pass = max(1, rows_per_pass // (delta.shape[0] * delta.shape[1]))
    for first in range(0, settings.steps, steps_per_pass):
        at, weight = (values[first : first + steps_per_pass] for values in (nodes, weights))
        points = (path.start + at[:, None, None, None] * delta).flatten(0, 1).requires_grad_()
        for output, gradients in enumerate(_gradients(path.outputs_at(points), points)):
            total[:, output] += torch.ops.dixtill.ig_accumulate(
                gradients.contiguous().view(len(at), *delta.shape),
                weight,
                delta,
                path.word_of_token,
                path.num_words,
            )
    return total


def _gradients(outputs: Tensor, points: Tensor) -> Iterator[Tensor]:
    """The gradient of each column of `outputs`: one forward pass, a backward pass for each.

    One at a time, as `is_grads_batched` takes longer and holds all of them.
    """
    last = outputs.shape[1] - 1
    for column in range(last + 1):
        (gradients,) = torch.autograd.grad(
            outputs[:, column].sum(), points, retain_graph=column < last
        )
        yield gradients


def _captum(path: _Path, settings: AttributionSettings, rows_per_pass: int) -> Tensor:
    """The same by Captum, which keeps the gradients of all steps until the end."""
    from captum.attr import IntegratedGradients

    explainer = IntegratedGradients(path.outputs_at)
    by_token = torch.stack(
        [
            explainer.attribute(
                path.end,
                baselines=path.start,
                target=output,
                n_steps=settings.steps,
                method=settings.quadrature,
                internal_batch_size=max(len(path.end), rows_per_pass // path.end.shape[1]),
            ).sum(dim=2)
            for output in range(path.num_outputs)
        ],
        dim=1,
    )
    if settings.quadrature == "riemann_trapezoid":
        # Captum 0.9 weighs n nodes by 1/n, though they bound n - 1 intervals.
        by_token = by_token * (settings.steps / (settings.steps - 1))
    # Padding, -1, is the same in text and baseline: it adds zero to whatever word.
    words = path.word_of_token.clamp(min=0).long()[:, None].expand_as(by_token)
    return torch.zeros(*by_token.shape[:2], path.num_words).scatter_add(2, words, by_token)
