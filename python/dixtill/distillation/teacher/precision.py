"""Chooses the precision of a teacher's matrix products: float32, or bfloat16 where it is faster.

Parameters and sums stay in float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from typing import Any

import torch
from torch import nn

from ..config import Precision, PrecisionChoice
from .attention import PlainAttention


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Return a context in which matrix products have this precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


@contextmanager
def differentiable(device: torch.device, precision: Precision) -> Iterator[None]:
    """Give the context of `autocast` for answers that are differentiated."""
    with autocast(device, precision), attention_for_gradients(device, precision):
        yield


def attention_for_gradients(
    device: torch.device, precision: Precision
) -> AbstractContextManager[object]:
    """Return a context with the attention whose forward and backward are fastest together."""
    is_fused_slower = device.type == "cpu" and precision == "bfloat16"
    return PlainAttention() if is_fused_slower else nullcontext()


def with_cast_weights(model: nn.Module) -> nn.Module:
    """Return a copy with bfloat16 linear weights; all other tensors are shared with `model`.

    `autocast` would cast the frozen weights again in every pass.
    """
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    cast = deepcopy(model, shared)
    for module in cast.modules():
        if isinstance(module, nn.Linear):
            module.weight = nn.Parameter(module.weight.bfloat16(), requires_grad=False)
    return cast


def chosen_precision(choice: PrecisionChoice, device: torch.device) -> Precision:
    """Return the precision that was asked for; "auto" asks for the quickest one."""
    return quickest_precision(device) if choice == "auto" else choice


def quickest_precision(device: torch.device) -> Precision:
    """Return bfloat16 if the device has units for it, else float32, which is more exact.

    On a CPU these units are AMX: with AVX512_BF16 alone, bfloat16 products are slower than float32.
    """
    if device.type == "cuda":
        has_units = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        has_units = bool(capabilities.get("amx_bf16"))  # an older PyTorch does not report it
    return "bfloat16" if has_units else "float32"
