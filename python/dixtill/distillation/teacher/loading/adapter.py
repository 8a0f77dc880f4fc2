"""Loads a PEFT adapter, such as LoRA, with its base model, and merges both into one model.

An adapter folder holds the weights that were trained and the name of the base, but neither the
number nor the names of its labels.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import has_file

from ....errors import InputError
from ....extras import require
from .checkpoint import load_weights, loading

_CONFIG = "adapter_config.json"
_PREFIX = "base_model.model."  # of the names of all weights in an adapter
_TASKS = (None, "SEQ_CLS")
_NUM_PROBED = 7919  # labels of a model that is made to see which weights have a row for each label


def is_adapter(name: str | Path) -> bool:
    """Return whether a folder, or a model on the hub, is an adapter."""
    if Path(name).is_dir():
        return (Path(name) / _CONFIG).is_file()
    return not Path(name).exists() and bool(has_file(str(name), _CONFIG))


def load_adapter(name: str | Path, trust_remote_code: bool) -> tuple[Any, Any]:
    """Load the adapter's base in float32, merge the adapter into it, and load the tokenizer.

    The tokenizer and the config beside the adapter come before those of the base. Without a config
    beside it, the adapter's own head tells the number of labels.

    Raises:
        InputError: it is no adapter for classification, its base cannot be loaded, a weight has
            been trained in neither, they do not fit each other, or they cannot be merged.
        MissingExtraError: peft is not installed.
    """
    require("peft", f"the adapter '{name}'")
    import peft
    from peft.utils import load_peft_weights

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what peft warns about is checked below
        settings = peft.PeftConfig.from_pretrained(str(name))
        weights = load_peft_weights(str(name), device="cpu")
        base = _base_of(name, settings)
        with loading(f"the base model of the adapter '{name}'", base):
            tokenizer, model, missing = _load_base(name, base, weights, trust_remote_code)
        if missing:
            raise InputError(
                f"neither the adapter '{name}' nor its base '{base}' has trained "
                f"{', '.join(missing)}; train the adapter with these modules in modules_to_save"
            )
        adapted = peft.PeftModel.from_pretrained(model, str(name), torch_device="cpu")
        expected = peft.get_peft_model_state_dict(adapted, save_embedding_layers=False)
        _check_weights(name, base, weights, expected, model)
        return adapted.merge_and_unload(), tokenizer


def _base_of(name: str | Path, settings: Any) -> str:
    """Return the adapter's base: a folder, also relative to the adapter's, or a name on the hub.

    Raises:
        InputError: the adapter is of a kind that cannot be used, or names no base.
    """
    if settings.is_prompt_learning:
        raise InputError(
            f"the adapter '{name}' is of the kind {settings.peft_type.value}, which adds to the "
            "text and cannot be merged into its base; train one that changes weights, such as LoRA"
        )
    task = getattr(settings.task_type, "value", settings.task_type)
    if task not in _TASKS:
        raise InputError(
            f"the adapter '{name}' was trained for {task}, and a teacher needs one for "
            "sequence classification (SEQ_CLS)"
        )
    base = settings.base_model_name_or_path
    if not base:
        raise InputError(f"{_CONFIG} of '{name}' names no base model (base_model_name_or_path)")
    beside = Path(name) / base
    return str(beside) if beside.is_dir() and not Path(base).is_dir() else str(base)


def _load_base(
    name: str | Path, base: str, weights: Mapping[str, Tensor], trust_remote_code: bool
) -> tuple[Any, Any, list[str]]:
    """Return tokenizer, base model, and the names of weights that neither base nor adapter has."""
    own = {key.removeprefix(_PREFIX): value for key, value in weights.items()}
    trust: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    has_tokenizer = has_file(str(name), "tokenizer_config.json")
    tokenizer = AutoTokenizer.from_pretrained(name if has_tokenizer else base, **trust)
    has_config = has_file(str(name), "config.json")
    config = AutoConfig.from_pretrained(name if has_config else base, **trust)
    num_labels = _num_labels(config, own, trust)
    if num_labels not in (None, config.num_labels):
        config.num_labels = num_labels
    model, missing = load_weights(
        AutoModelForSequenceClassification, base, replaced=own, config=config, **trust
    )
    return tokenizer, model, missing


def _num_labels(config: Any, weights: Mapping[str, Tensor], trust: Mapping[str, Any]) -> int | None:
    """Return the number of rows of the head in `weights`; None if they hold no head."""
    probed = deepcopy(config)
    probed.num_labels = _NUM_PROBED
    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(probed, **trust)
    for key, value in model.state_dict().items():
        if value.shape[:1] == (_NUM_PROBED,) and key in weights:
            return len(weights[key])
    return None


def _check_weights(
    name: str | Path,
    base: str,
    found: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    model: Any,
) -> None:
    """Raise InputError if the adapter lacks weights, or has some that no layer of the base takes.

    peft only warns, and uses random numbers in place of what is missing.
    """
    if lacking := sorted(expected.keys() - found.keys()):
        raise InputError(
            f"the adapter '{name}' lacks weights for its base '{base}', such as {lacking[0]}; take "
            "the base that it was trained on"
        )
    known = model.state_dict()
    others = found.keys() - expected.keys()
    if surplus := sorted(key for key in others if key.removeprefix(_PREFIX) not in known):
        raise InputError(
            f"the adapter '{name}' holds weights for layers that its base '{base}' does not have, "
            f"such as {surplus[0]}; take the base that it was trained on"
        )
