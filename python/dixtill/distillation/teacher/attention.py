"""Computes attention as plain matrix products, whose backward pass in bfloat16 is fast on a CPU.

PyTorch's fused attention has a fast forward pass there, but its backward pass takes longer than the
rest of the teacher together (docs/explaining.md). The model is not changed, so other threads that
use it notice nothing. Models that do not call PyTorch's attention are not affected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class PlainAttention(TorchFunctionMode):
    """Replaces `scaled_dot_product_attention` by `plain_attention` in this thread."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is functional.scaled_dot_product_attention:
            func = plain_attention
        return func(*args, **(kwargs or {}))


def plain_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Compute `scaled_dot_product_attention`; a query whose keys are all masked gets their mean.

    query [..., heads, time, width], key and value [..., heads, others, width].
    """
    if enable_gqa:
        copies = query.shape[-3] // key.shape[-3]
        key, value = (x.repeat_interleave(copies, dim=-3) for x in (key, value))
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = query * scale @ key.transpose(-2, -1)
    if is_causal:
        attn_mask = scores.new_ones(scores.shape[-2:], dtype=torch.bool).tril()
    if attn_mask is not None:
        scores = scores + _addend(attn_mask)
    # In bfloat16, softmax takes four times as long and adds an error of its own.
    weights = scores.softmax(dim=-1, dtype=torch.float32).to(value.dtype)
    return functional.dropout(weights, dropout_p) @ value


def _addend(mask: Tensor) -> Tensor:
    """Return what to add to the scores: a float mask itself, or 0 and a large negative number."""
    if mask.dtype != torch.bool:
        return mask
    return torch.where(mask, 0.0, torch.finfo(torch.float32).min)
