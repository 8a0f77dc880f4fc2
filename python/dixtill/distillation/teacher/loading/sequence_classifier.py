"""Loads a sequence classifier and its tokenizer: a checkpoint, or an adapter with its base."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import AutoModelForSequenceClassification, AutoTokenizer

from ....errors import InputError
from ....runtime.model_file.label_names import check_label_names
from .adapter import is_adapter, load_adapter
from .checkpoint import load_weights, loading, quiet_transformers


def load_sequence_classifier(
    name: str | Path, labels: Sequence[str] | None = None, trust_remote_code: bool = False
) -> tuple[Any, Any]:
    """Load a sequence classifier in float32, and its tokenizer; see `Teacher.load`.

    Raises:
        InputError: they cannot be loaded, the checkpoint lacks weights of the model, it holds
            layers that the model does not have, or `labels` are not one name for each output.
        MissingExtraError: the model is an adapter, and peft is not installed.
    """
    with (
        loading("a sequence classifier", name),
        quiet_transformers(with_bars=sys.stderr.isatty()),
    ):
        load = load_adapter if is_adapter(name) else _load_checkpoint
        model, tokenizer = load(name, trust_remote_code)
    if labels is not None:
        _rename_labels(name, model.config, labels)
    return model, tokenizer


def _load_checkpoint(name: str | Path, trust_remote_code: bool) -> tuple[Any, Any]:
    tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=trust_remote_code)
    model, missing = load_weights(
        AutoModelForSequenceClassification, name, trust_remote_code=trust_remote_code
    )
    if missing:
        raise InputError(
            f"'{name}' is not a sequence classifier: it has no trained {', '.join(missing)}; "
            "fine-tune it first"
        )
    return model, tokenizer


def _rename_labels(name: str | Path, config: Any, labels: Sequence[str]) -> None:
    """Give the outputs of the model `labels`, in their order."""
    if isinstance(labels, str):
        raise InputError(f"labels is {labels!r:.40}, expected a list of names")
    check_label_names(labels)
    if len(labels) != config.num_labels:
        old = ", ".join(map(str, config.id2label.values()))
        raise InputError(
            f"there are {len(labels)} labels ({', '.join(labels)}) for the {config.num_labels} "
            f"outputs of '{name}' ({old}); give a name for each output, in this order"
        )
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
