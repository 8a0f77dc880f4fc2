"""Knows what a model's head gives: classes, labels or a number; and collects what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...errors import InputError
from ...runtime.model_file.label_names import check_label_names
from ..config import OutputKind

PROBLEM_TYPES: Mapping[OutputKind, str] = {
    "softmax": "single_label_classification",
    "sigmoid": "multi_label_classification",
    "number": "regression",
}
"""What transformers calls each kind of output."""


class Answers(NamedTuple):
    """A teacher's answers to texts, on the CPU."""

    logits: Tensor  # [texts, classes]
    states: Tensor | None = None  # [texts, width] float16, as in `mean_states`; None if not asked


@contextmanager
def last_states(model: Any) -> Iterator[list[Tensor]]:
    """Collect the last layer's states [batch, time, width] of each pass inside the context.

    Of an encoder-decoder, they are the encoder's. A hook collects them, because transformers leaves
    an object that cannot be pickled on a model that is asked for `output_hidden_states`.
    """
    found: list[Tensor] = []

    def keep(_module: Any, _given: Any, output: Any) -> None:
        encoded = getattr(output, "encoder_last_hidden_state", None)
        found.append(output[0] if encoded is None else encoded)

    handle = model.base_model.register_forward_hook(keep)
    try:
        yield found
    finally:
        handle.remove()


def mean_states(states: Tensor, attention_mask: Tensor) -> Tensor:
    """Return the mean over each text's tokens of `states`, [batch, width] float16 on the CPU.

    Args:
        states: [batch, time, width].
        attention_mask: [batch, time], 1 for tokens and 0 for padding; each text has a token.
    """
    mask = attention_mask[..., None].to(states.device)
    total: Tensor = (states.float() * mask).sum(dim=1)
    most = torch.finfo(torch.float16).max
    return (total / mask.sum(dim=1)).clamp(-most, most).half().cpu()


def output_of(config: Any) -> OutputKind:
    """Return the kind of output, decided as transformers decides it.

    A single output is a number, or with the problem_type single_label_classification, a label that
    a text has or has not.

    Raises:
        InputError: the problem_type is unknown, or it is a regression of several numbers.
    """
    problem, num_outputs = getattr(config, "problem_type", None), len(config.id2label)
    if problem is None:
        return "softmax" if num_outputs > 1 else "number"
    if problem == "single_label_classification":
        return "softmax" if num_outputs > 1 else "sigmoid"
    if problem == "multi_label_classification":
        return "sigmoid"
    if problem != "regression":
        raise InputError(
            f"its problem_type is {problem}, expected {', '.join(PROBLEM_TYPES.values())} or none; "
            "correct it in config.json"
        )
    if num_outputs > 1:
        raise InputError(
            f"it gives {num_outputs} numbers ({', '.join(map(str, config.id2label.values()))}), "
            "and a student gives one; fine-tune a model for each"
        )
    return "number"


def answers_of(output: OutputKind, logits: Tensor) -> Tensor:
    """Return what logits [..., C] say: probabilities of classes or labels, or the number itself."""
    if output == "softmax":
        return logits.softmax(dim=-1)
    return logits.sigmoid() if output == "sigmoid" else logits


def class_names(config: Any) -> tuple[str, ...]:
    """Return the labels' names in the order of the logits, stripped of surrounding space.

    Raises:
        InputError: the names are not one distinct str for each output, or there is none.
    """
    names = config.id2label
    if not names:
        raise InputError("its head has no output; fine-tune it with a label for each class")
    numbers = range(len(names))
    if set(names) != set(numbers):
        raise InputError(
            f"its id2label has the keys {', '.join(map(str, sorted(names)))}, expected "
            f"{', '.join(map(str, numbers))}; correct it in config.json"
        )
    found = [names[i].strip() if isinstance(names[i], str) else names[i] for i in numbers]
    try:
        check_label_names(found)
    except InputError as error:
        raise InputError(f"in its id2label, {error}; correct it in config.json") from error
    return tuple(found)
