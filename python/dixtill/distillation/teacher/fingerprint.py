"""Tells teachers apart by what decides their answers."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers.dynamic_module_utils import TRANSFORMERS_DYNAMIC_MODULE_NAME

if TYPE_CHECKING:
    from .teacher import Teacher

FINGERPRINT = "2-"  # fingerprints of another version cannot be compared with those of this one
# Keys of a config that say how it was saved, and change no answer.
_SAVING_KEYS = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"}


def fingerprint_of(teacher: Teacher, tokenizer_state: str) -> str:
    """Return the version, and SHA-256 over architecture, config, weights, tokenizer and limit.

    Of a model with code of its own, the code counts too. `tokenizer_state` is that of the tokenizer
    before any call, which leaves its truncation and padding there.
    """
    described = {
        "architecture": type(teacher.model).__name__,
        "config": _settings_of(teacher.model.config.to_dict()),
        "labels": teacher.labels,
        "max_length": teacher.max_length,
        "tokenizer": tokenizer_state,
        **_own_code(teacher.model),
    }
    content = hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode())
    for name, tensor in sorted(teacher.model.state_dict().items()):
        content.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        content.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return FINGERPRINT + content.hexdigest()


def _settings_of(config: Any) -> Any:
    """Return a model's config, as a dict, without the keys that say how it was saved."""
    if isinstance(config, dict):
        kept = config.keys() - _SAVING_KEYS
        return {str(name): _settings_of(config[name]) for name in kept}
    return config


def _own_code(model: nn.Module) -> dict[str, dict[str, str]]:
    """Return the files of code that came with a model, by name; {} if transformers has its code."""
    module = type(model).__module__
    if not module.startswith(f"{TRANSFORMERS_DYNAMIC_MODULE_NAME}."):
        return {}
    folder = Path(str(sys.modules[module].__file__)).parent
    return {"code": {file.name: file.read_text("utf-8") for file in folder.glob("*.py")}}
