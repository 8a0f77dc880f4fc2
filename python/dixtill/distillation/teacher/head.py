"""Checks that a model's head is a softmax over classes, and collects what goes in and comes out."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...errors import InputError
from ...runtime.model_file.label_names import check_label_names

_SOFTMAX = (None, "single_label_classification")


class Answers(NamedTuple):
    """A teacher's answers to texts, on the CPU."""

    logits: Tensor  # [texts, classes]
    states: Tensor | None = None  # [texts, width] float16, as in `mean_states`; None if not asked


def mean_states(output: Any, attention_mask: Tensor) -> Tensor:
    """Return the mean over each text's tokens of the last layer's states, [batch, width] float16.

    Args:
        output: what a model of transformers returns with `output_hidden_states=True`. Of an
            encoder-decoder, the encoder's states are taken.
        attention_mask: [batch, time], 1 for tokens and 0 for padding; each text has a token.
    """
    layers = getattr(output, "hidden_states", None) or output.encoder_hidden_states
    mask = attention_mask[..., None].to(layers[-1].device)
    total: Tensor = (layers[-1].float() * mask).sum(dim=1)
    most = torch.finfo(torch.float16).max
    return (total / mask.sum(dim=1)).clamp(-most, most).half().cpu()


def class_names(config: Any) -> tuple[str, ...]:
    """Return the classes' names in the order of the logits, stripped of surrounding space.

    Raises:
        InputError: the head is not a softmax over at least two classes, or the names are not
            one distinct str per class.
    """
    problem, names = getattr(config, "problem_type", None), config.id2label
    if problem not in _SOFTMAX:
        raise InputError(
            f"its problem_type is {problem}, and a student needs one label per text, by softmax; "
            "fine-tune it for single_label_classification"
        )
    if len(names) < 2:
        raise InputError(
            f"its head has {len(names)} output, and a student needs a softmax over two classes or "
            "more; fine-tune it with a label for each class"
        )
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
