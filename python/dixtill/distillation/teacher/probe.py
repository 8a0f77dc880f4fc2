"""Runs a model on a few short texts to find out how it must be called.

This shows on which side padding changes no answer, and where the vectors of a text can be replaced.
A model that cannot be used is refused here, before any long work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ...errors import InputError, first_line
from .embedding_layer import EmbeddingLayer, find_layer
from .tokenizer import probe_texts

if TYPE_CHECKING:
    from ..config import Layer
    from .teacher import Teacher
    from .tokens import Inputs

_TOLERANCE = 1e-4  # as a share of the largest logit; masked padding changes about 1e-6 of it


def choose_padding(teacher: Teacher) -> None:
    """Set `padding` to a side where padding does not change the answers, or to "none".

    Raises:
        InputError: the model fails, its answers are not one finite number per class, or it answers
            the same text differently each time.
    """
    model, texts = type(teacher.model).__name__, probe_texts(teacher.tokenizer)
    encoded = teacher.tokens(texts)
    ids = [torch.tensor(text.input_ids) for text in encoded]
    types = [torch.tensor(text.token_type_ids) for text in encoded]

    def alone(row: int) -> Tensor:
        try:
            return teacher.logits(*teacher.padded_inputs(ids[row : row + 1], types[row : row + 1]))
        except Exception as error:
            raise InputError(
                f"{model} fails on the text {texts[row]!r}: {first_line(error)}"
            ) from error

    with torch.no_grad(), _no_random_numbers_drawn():
        expected = torch.cat([alone(row) for row in range(len(texts))])
        _check_logits(model, expected, len(texts), len(teacher.labels))
        for side in ("right", "left"):
            teacher.padding = side
            try:
                found = teacher.logits(*teacher.padded_inputs(ids, types))
            except Exception:
                continue  # a decoder may accept padding only on the other side
            if _agree(found, expected):
                return
        teacher.padding = "none"
        if not _agree(alone(0), expected[:1]):
            raise InputError(f"{model} answers a text differently each time")


def layer_for_gradients(teacher: Teacher, name: Layer) -> EmbeddingLayer:
    """Find the places of the layer `name`, and test them with the vectors of other words.

    Raises:
        InputError: with these vectors the answer is not that of the other words, or there is no
            finite gradient.
    """
    (encoded,) = teacher.tokens(probe_texts(teacher.tokenizer)[-1:])
    ids = torch.tensor(encoded.input_ids)
    # Models find padding and the end of a text in the ids, so special tokens stay.
    words = ~torch.isin(ids, torch.tensor(teacher.tokenizer.all_special_ids))
    others = ids.clone()
    others[words] = ids[words].flip(0)
    types = [torch.tensor(encoded.token_type_ids)]
    with _no_random_numbers_drawn():
        layer: EmbeddingLayer | None = None
        problem: str | None = "its modules do not give one vector for each token"
        try:
            inputs, other_inputs = (teacher.padded_inputs([row], types) for row in (ids, others))
            layer = _found(teacher, name, inputs)
            if layer is not None:
                problem = _problem(teacher, layer, inputs, other_inputs)
        except Exception as error:
            problem = first_line(error)
    if layer is None or problem:
        raise InputError(
            f"{type(teacher.model).__name__} cannot be explained at its {name.replace('_', ' ')} "
            f"({problem}); choose another layer, or distill from its answers (--max-explained 0)"
        )
    return layer


def _found(teacher: Teacher, name: Layer, inputs: Inputs) -> EmbeddingLayer | None:
    modules: list[nn.Module] = [teacher.embeddings]
    if name == "word_embeddings" or teacher.embeddings is teacher.word_embeddings:
        matrix = teacher.embedding_matrix  # an encoder and a decoder share it
        modules = [m for m in teacher.model.modules() if getattr(m, "weight", None) is matrix]
    with torch.no_grad():
        return find_layer(teacher.model, modules, lambda: teacher.logits(*inputs), inputs[0])


def _problem(
    teacher: Teacher, layer: EmbeddingLayer, inputs: Inputs, other_inputs: Inputs
) -> str | None:
    """Return why gradients at the layer would not explain the answers, or None if they do."""
    with torch.no_grad(), layer.captured(teacher.model, inputs[0].shape[1]) as captured:
        expected = teacher.logits(*other_inputs)
    vectors = captured[0].detach().clone().requires_grad_()
    with torch.enable_grad(), layer.replaced(teacher.model, vectors):
        logits = teacher.logits(*inputs)
        if not _agree(logits.detach(), expected):
            return "the vectors of other words do not get the answer that those words get"
        (gradient,) = torch.autograd.grad(logits[:, 0].sum(), vectors)
    return None if gradient.isfinite().all() else "its gradients are not finite"


def _check_logits(model: str, logits: Tensor, num_texts: int, num_classes: int) -> None:
    if logits.shape != (num_texts, num_classes):
        raise InputError(
            f"{model} gives logits of shape {list(logits.shape)} for {num_texts} texts, expected "
            f"{[num_texts, num_classes]}, one for each label in its id2label"
        )
    if not logits.isfinite().all():
        raise InputError(
            f"{model} answers with NaN or infinity; its weights are not finite: take an earlier "
            "checkpoint, or train it again with a lower learning rate"
        )


def _agree(logits: Tensor, expected: Tensor) -> bool:
    tolerance = max(_TOLERANCE, 8 * torch.finfo(expected.dtype).eps)
    scale = float(expected.abs().max())
    return bool(torch.allclose(logits, expected, rtol=0, atol=tolerance * scale))


@contextmanager
def _no_random_numbers_drawn() -> Iterator[None]:
    """Seed PyTorch's generator inside the context, and restore its state after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
