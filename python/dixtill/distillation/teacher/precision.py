"""Chooses the precision of a teacher's matrix products: float32, or bfloat16 where it is faster.

Parameters and sums stay in float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from functools import cache
from time import perf_counter
from typing import Any

import torch
from torch import nn

from ..config import Precision, PrecisionChoice
from .attention import PlainAttention

_FASTER = 1.5  # far from both 4, on a Zen 5, and below 1, on other CPUs with AVX512_BF16


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
    """Return bfloat16 if the device has fast units for it, else float32, which is more exact.

    On a CPU these units are AMX. AVX512_BF16 is faster than float32 on some CPUs and slower on
    others, so it is measured.
    """
    if device.type == "cuda":
        has_units = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        has_units = bool(capabilities.get("amx_bf16"))  # an older PyTorch does not report it
        if not has_units and capabilities.get("avx512_bf16"):
            has_units = _speed_of_bfloat16() >= _FASTER
    return "bfloat16" if has_units else "float32"


@cache
def _speed_of_bfloat16() -> float:
    """Return how many times faster products of a small encoder are than in float32."""
    left, right = torch.ones(512, 384), torch.ones(384, 1536)

    def seconds(one: torch.Tensor, other: torch.Tensor) -> float:
        best = float("inf")
        for _ in range(8):  # the fastest is the one that nothing disturbed
            start = perf_counter()
            torch.mm(one, other)
            best = min(best, perf_counter() - start)
        return best

    return seconds(left, right) / seconds(left.bfloat16(), right.bfloat16())
