"""Loads a model that transformers saved, and refuses one with missing parts.

transformers 5 makes an empty tokenizer if its files are missing, draws random weights for those
that a checkpoint lacks, and ignores layers beyond those that the config counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from huggingface_hub.errors import (
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from transformers.utils import logging

from ....errors import InputError, MissingExtraError, first_line

_TRUST = (
    "read that code and, if you trust it, give --trust-remote-code (in Python, "
    "trust_remote_code=True)"
)


@contextmanager
def loading(what: str, name: str | Path, own_code: str = _TRUST) -> Iterator[None]:
    """Turn any error inside the context into an InputError: `what` cannot be loaded from `name`.

    `own_code` says what to do with a model that needs code of its own.
    """
    try:
        yield
    except (InputError, MissingExtraError):
        raise
    except Exception as error:  # transformers, tokenizers and safetensors raise all kinds
        reason = _reason(name, error)
        if "trust_remote_code" in str(error):  # the only sign of it that transformers gives
            reason = f"it needs code that came with it to be run; {own_code}"
        raise InputError(f"cannot load {what} from '{name}': {reason}") from error


def _reason(name: str | Path, error: Exception) -> str:
    """Say what is wrong with the name of a model, or else what transformers says."""
    folder = Path(name)
    if folder.is_dir():
        if not any((folder / file).is_file() for file in ("config.json", "adapter_config.json")):
            return "the folder has no config.json, so transformers did not save a model there"
        return _about_file(folder, error)
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


def _about_file(folder: Path, error: Exception) -> str:
    """Say what is wrong with a file in a model's folder, or else what was raised."""
    if "tiktoken" in str(error) and (files := sorted(folder.glob("*.model"))):
        # transformers tries this if the file cannot be read as what it almost always is.
        return (
            f"its tokenizer, {files[0].name}, cannot be read; a SentencePiece model needs two "
            "packages: pip install sentencepiece protobuf"
        )
    if any(isinstance(cause, UnpicklingError) for cause in _causes_of(error)):
        return (
            "its weights are a pickle that holds more than tensors, or is damaged, and a pickle "
            "can run any code; save them as safetensors"
        )
    return first_line(error)


def _causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and those during whose handling it was raised."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def load_weights(
    kind: Any, name: str | Path, replaced: Collection[str] = (), **options: Any
) -> tuple[Any, list[str]]:
    """Load a float32 model of the auto class `kind`; also return the weights drawn at random.

    Args:
        kind: such as AutoModel.
        name: a folder or a name on the hub.
        replaced: names of weights that will be replaced, so that it does not matter if they are
            missing or have other shapes; they are not returned.
        options: more arguments of `from_pretrained`.

    Raises:
        InputError: the weights have other shapes, or more layers, than the config says.
    """
    model, report = kind.from_pretrained(
        name, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True, **options
    )
    for key, found, expected in sorted(report["mismatched_keys"]):
        if key not in replaced:
            raise InputError(
                f"the weights of '{name}' do not fit its config: {key} has shape {list(found)}, "
                f"expected {list(expected)}; take config and weights of the same model"
            )
    body = f"{model.base_model_prefix}."  # which the weights of a model without a head do not have
    known = {_without_numbers(key).removeprefix(body) for key in model.state_dict()}
    for key in sorted(report["unexpected_keys"]):
        if _without_numbers(key).removeprefix(body) in known:
            raise InputError(
                f"the weights of '{name}' hold layers that its config does not count, such as "
                f"{key}; take config and weights of the same model"
            )
    return model, sorted(set(report["missing_keys"]).difference(replaced))


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
