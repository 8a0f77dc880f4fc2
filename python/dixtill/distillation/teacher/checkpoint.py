"""Loads a model that transformers saved, and refuses one with missing parts.

transformers 5 makes an empty tokenizer if its files are missing, draws random weights for those
that a checkpoint lacks, and ignores layers beyond those that the config counts.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import (
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from ...errors import InputError, first_line

# Keys of a config that say how it was saved, and change no answer.
_SAVING_KEYS = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"}


def load_checkpoint(name: str | Path) -> tuple[Any, Any]:
    """Load a sequence classifier in float32, and its tokenizer.

    Raises:
        InputError: they cannot be loaded, the checkpoint lacks weights of the model, or it holds
            layers that the model does not have.
    """
    with loading("a sequence classifier", name), quiet_transformers(with_bars=sys.stderr.isatty()):
        tokenizer = AutoTokenizer.from_pretrained(name)
        model, missing = load_weights(AutoModelForSequenceClassification, name)
    if missing:
        raise InputError(
            f"'{name}' is not a sequence classifier: it has no trained {', '.join(missing)}; "
            "fine-tune it first"
        )
    return model, tokenizer


@contextmanager
def loading(what: str, name: str | Path) -> Iterator[None]:
    """Turn any error inside the context into an InputError: `what` cannot be loaded from `name`."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # transformers, tokenizers and safetensors raise all kinds
        raise InputError(f"cannot load {what} from '{name}': {_reason(name, error)}") from error


def _reason(name: str | Path, error: Exception) -> str:
    """Say what is wrong with the name of a model, or else what transformers says."""
    folder = Path(name)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            return "the folder has no config.json, so transformers did not save a model there"
        return first_line(error)
    if folder.exists():
        return "it is a file, expected a folder"
    if folder.is_absolute() or len(folder.parts) > 2:  # on the hub: `name` or `owner/name`
        return "there is no such folder"
    kinds = {type(cause) for cause in _causes_of(error)}
    if kinds & {RepositoryNotFoundError, HFValidationError}:
        return f"there is no folder {name}, and no model {name} on the hub"
    if LocalEntryNotFoundError in kinds:
        return f"there is no folder {name}, and the hub cannot be asked for a model {name}"
    return first_line(error)


def _causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and those during whose handling it was raised."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def load_weights(kind: Any, name: str | Path) -> tuple[Any, list[str]]:
    """Load a float32 model of the auto class `kind`; also return the weights drawn at random.

    Raises:
        InputError: the weights have other shapes, or more layers, than the config says.
    """
    model, report = kind.from_pretrained(
        name, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True
    )
    for key, found, expected in sorted(report["mismatched_keys"]):
        raise InputError(
            f"the weights of '{name}' do not fit its config: {key} has shape {list(found)}, "
            f"expected {list(expected)}; take config and weights of the same model"
        )
    known = {_without_numbers(key) for key in model.state_dict()}
    for key in sorted(report["unexpected_keys"]):
        if _without_numbers(key) in known:
            raise InputError(
                f"the weights of '{name}' hold layers that its config does not count, such as "
                f"{key}; take config and weights of the same model"
            )
    return model, sorted(report["missing_keys"])


def check_body(name: str | Path, missing: Iterable[str]) -> None:
    """Raise InputError if weights of a layer are `missing`, not only those of a head or pooler.

    If the weights belong to another model, transformers draws them all at random.
    """
    layers = sorted(key for key in missing if key != _without_numbers(key))
    if layers:
        raise InputError(
            f"the weights of '{name}' lack layers that its config counts, such as {layers[0]}; "
            "take config and weights of the same model"
        )


def _without_numbers(key: str) -> str:
    return re.sub(r"\d+", "#", key)


@contextmanager
def errors_about(subject: str) -> Iterator[None]:
    """Begin the message of an InputError inside the context with "`subject` cannot be used"."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{subject} cannot be used: {error}") from error


@contextmanager
def quiet_transformers(*, with_bars: bool = False) -> Iterator[None]:
    """Let transformers log errors only and, unless `with_bars`, draw no progress bars."""
    verbosity, has_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    if not with_bars:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if has_bars:
            logging.enable_progress_bar()


def settings_of(config: Any) -> Any:
    """Return a model's config, as a dict, without the keys that say how it was saved."""
    if isinstance(config, dict):
        kept = config.keys() - _SAVING_KEYS
        return {str(name): settings_of(config[name]) for name in kept}
    return config
