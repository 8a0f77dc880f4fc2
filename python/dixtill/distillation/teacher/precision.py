"""The precision of a teacher's products: float32, or bfloat16 where that is quicker.

Parameters, and what is added up, stay in float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from typing import Any

import torch
from torch import nn

from ..config import Precision
from .attention import PlainAttention


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Inside the context, products are of this precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


@contextmanager
def differentiable(device: torch.device, precision: Precision) -> Iterator[None]:
    """`autocast`, for answers of which gradients are taken."""
    with autocast(device, precision), attention_for_gradients(device, precision):
        yield


def attention_for_gradients(
    device: torch.device, precision: Precision
) -> AbstractContextManager[object]:
    """Inside the context, attention is the one whose forward and backward pass are quickest."""
    is_fused_slower = device.type == "cpu" and precision == "bfloat16"
    return PlainAttention() if is_fused_slower else nullcontext()


def with_cast_weights(model: nn.Module) -> nn.Module:
    """A copy whose linear layers hold bfloat16 weights; it shares all else with `model`.

    `autocast` would cast frozen weights anew in each pass.
    """
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    cast = deepcopy(model, shared)
    for module in cast.modules():
        if isinstance(module, nn.Linear):
            module.weight = nn.Parameter(module.weight.bfloat16(), requires_grad=False)
    return cast


def quickest_precision(device: torch.device) -> Precision:
    """bfloat16 where the device has units that multiply it; float32 is the more exact one.

    On a CPU these are AMX's: with the instructions of AVX512_BF16 alone, products took longer than
    in float32.
    """
    if device.type == "cuda":
        has_units = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        has_units = bool(capabilities.get("amx_bf16"))  # an older PyTorch does not tell
    return "bfloat16" if has_units else "float32"
