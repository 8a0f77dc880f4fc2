"""Loads what transformers saved, and refuses what it would have to invent.

transformers 5 makes an empty tokenizer where there are no files, draws weights that a checkpoint
lacks, and leaves out layers that the config does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from ..errors import InputError


def load_classifier(name: str | Path) -> tuple[Any, Any]:
    """A sequence classifier in float32, and its tokenizer.

    Raises:
        InputError: they cannot be loaded, or not all weights of the model are in the checkpoint,
            or it holds layers that the model has not.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model, report = AutoModelForSequenceClassification.from_pretrained(
            name, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:  # transformers, tokenizers and safetensors raise all kinds
        raise InputError(
            f"cannot load a sequence classifier from '{name}': {one_line(error)}"
        ) from error
    if report["missing_keys"]:
        raise InputError(
            f"'{name}' is no sequence classifier: it has no trained "
            f"{', '.join(sorted(report['missing_keys']))}; fine-tune it first"
        )
    check_layers(name, model, report["unexpected_keys"])
    return model, tokenizer


def check_layers(name: str | Path, model: Any, unexpected: Iterable[str]) -> None:
    """Raise InputError if the checkpoint holds more layers of a kind than `model` has."""
    known = {_without_numbers(key) for key in model.state_dict()}
    left_out = sorted(key for key in unexpected if _without_numbers(key) in known)
    if left_out:
        raise InputError(
            f"the weights of '{name}' hold layers that its config does not count, such as "
            f"{left_out[0]}; take config and weights of the same model"
        )


def _without_numbers(key: str) -> str:
    return re.sub(r"\d+", "#", key)


def one_line(error: BaseException) -> str:
    """The first line of an error's message, or its type where there is none."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


@contextmanager
def naming(subject: str) -> Iterator[None]:
    """Errors inside the context say that it is `subject` that cannot be used."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{subject} cannot be used: {error}") from error
