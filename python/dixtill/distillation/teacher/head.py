"""Checks that a model's head is a softmax over classes, and collects the states that it reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
