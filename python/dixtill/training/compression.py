"""What a teacher is compressed by without a student: int8 weights, fewer attention heads.

The two baselines of the paper. Neither trains anything, and both leave the given model alone.
"""

from __future__ import annotations

import copy
import io
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import prune_linear_layer

from ..errors import InputError


def dynamic_int8(model: nn.Module, layers: tuple[type[nn.Module], ...] = (nn.Linear,)) -> nn.Module:
    """A copy with `layers` in int8; activations are quantised as they come (PTQ)."""
    with warnings.catch_warnings():
        # torch 2.13 deprecates torch.ao for torchao, a dependency more; it says so in two kinds.
        warnings.simplefilter("ignore")
        quantized: nn.Module = torch.ao.quantization.quantize_dynamic(  # type: ignore[no-untyped-call]
            model, set(layers), dtype=torch.qint8
        )
    return quantized


def prune_attention_heads(model: nn.Module, keep: int) -> nn.Module:
    """A copy of a BERT-like model that keeps the `keep` strongest heads of each layer (AHP).

    A head is as strong as the Frobenius norm of its value projection times its output
    projection, which bounds what it can add to the layer's output.

    Raises:
        InputError: the model has no attention of BERT's form, or not so many heads.
    """
    pruned = copy.deepcopy(model)
    layers = [module for module in pruned.modules() if _is_attention(module)]
    if not layers:
        raise InputError(f"{type(model).__name__} has no attention layers of BERT's form")
    for layer in layers:
        _prune_layer(layer, keep)
    return pruned.requires_grad_(False)


def _is_attention(module: Any) -> bool:
    projections = ("query", "key", "value", "num_attention_heads")
    return all(hasattr(getattr(module, "self", None), name) for name in projections) and hasattr(
        getattr(module, "output", None), "dense"
    )


def _prune_layer(layer: Any, keep: int) -> None:
    attention, output = layer.self, layer.output
    if not 1 <= keep <= attention.num_attention_heads:
        raise InputError(f"cannot keep {keep} of {attention.num_attention_heads} attention heads")
    strongest = _strength(attention, output.dense).topk(keep).indices.sort().values
    size = attention.attention_head_size
    units = (strongest[:, None] * size + torch.arange(size)).flatten()
    for name in ("query", "key", "value"):
        setattr(attention, name, prune_linear_layer(getattr(attention, name), units))
    output.dense = prune_linear_layer(output.dense, units, dim=1)
    attention.num_attention_heads, attention.all_head_size = keep, keep * size


def _strength(attention: Any, output: nn.Linear) -> Tensor:
    """Strength of each head, [heads]."""
    heads, size = attention.num_attention_heads, attention.attention_head_size
    value = attention.value.weight.detach().view(heads, size, -1)  # [heads, size, hidden]
    written = output.weight.detach().view(-1, heads, size)  # [hidden, heads, size]
    strength: Tensor = torch.linalg.matrix_norm(torch.einsum("ohs,hsi->hoi", written, value))
    return strength


def stored_bytes(model: nn.Module) -> int:
    """Size of the weights as torch.save writes them."""
    content = io.BytesIO()
    torch.save(model.state_dict(), content)
    return content.tell()
