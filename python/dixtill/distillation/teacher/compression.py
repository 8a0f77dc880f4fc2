"""Compresses a teacher without a student, by int8 weights or by fewer attention heads.

These are the two baselines of the paper. They train nothing and do not change the given model.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import prune_linear_layer

from ...errors import InputError
from .teacher import Teacher


def dynamic_int8(model: nn.Module, layers: tuple[type[nn.Module], ...] = (nn.Linear,)) -> nn.Module:
    """Return a copy with `layers` in int8, which quantizes activations at run time (PTQ)."""
    with warnings.catch_warnings():
        # torch 2.13 deprecates torch.ao in favor of torchao, which would be one more dependency.
        warnings.simplefilter("ignore")
        quantized: nn.Module = torch.ao.quantization.quantize_dynamic(  # type: ignore[no-untyped-call]
            model, set(layers), dtype=torch.qint8
        )
    return quantized


def prune_attention_heads(
    model: nn.Module, keep: int, scores: Sequence[Tensor] | None = None
) -> nn.Module:
    """Return a copy of a BERT-like model or an MPNet with `keep` heads in each layer (AHP).

    Args:
        model: a transformer; it is not changed.
        keep: the number of heads that each layer keeps, those with the highest scores.
        scores: [layers][heads], as `head_importance` and `random_head_scores` return them. By
            default, the Frobenius norm of the product of a head's value and output projections,
            which bounds what the head can add to the layer's output.

    Raises:
        InputError: the model's attention does not have BERT's or MPNet's form, a layer has fewer
            than `keep` heads, or the shape of `scores` differs from the model's heads.
    """
    pruned = copy.deepcopy(model)
    layers = _attention_layers(pruned)
    if scores is None:
        scores = [_strength(layer) for layer in layers]
    if [len(values) for values in scores] != [layer.num_heads for layer in layers]:
        raise InputError(
            f"there are scores for {[len(values) for values in scores]} heads, the model has "
            f"{[layer.num_heads for layer in layers]}"
        )
    for layer, values in zip(layers, scores, strict=True):
        _prune_layer(layer, keep, values)
    return pruned.requires_grad_(False)


def head_importance(
    teacher: Teacher, texts: Sequence[str], labels: Sequence[int], batch_size: int = 32
) -> list[Tensor]:
    """Return each head's importance [layers][heads]: the mean of |d loss / d mask| over texts.

    The mask, 1, multiplies the head's output; the loss is the cross-entropy of the label (Michel,
    Levy and Neubig, "Are Sixteen Heads Really Better than One?", 2019). The authors also divide by
    the norm of each layer, which does not change the order within a layer.

    Args:
        teacher: a BERT-like model or an MPNet.
        texts: cleaned texts, like those that the teacher was trained on.
        labels: the class of each text.
        batch_size: texts per pass; the result does not depend on it.

    Raises:
        InputError: the model's attention does not have BERT's or MPNet's form.
    """
    layers = _attention_layers(teacher.model)
    totals = [torch.zeros(layer.num_heads, dtype=torch.float64) for layer in layers]
    for start in range(0, len(texts), batch_size):
        batch = teacher.encode(texts[start : start + batch_size])
        classes = torch.tensor(labels[start : start + batch_size])
        masks = [torch.ones(len(classes), n.num_heads, requires_grad=True) for n in layers]
        with _masked(layers, masks):
            logits = teacher.logits(*batch.inputs)
        # Each text's loss depends only on its own row of the masks, so gradients do not mix.
        loss = nn.functional.cross_entropy(logits, classes, reduction="sum")
        for total, gradient in zip(totals, torch.autograd.grad(loss, masks), strict=True):
            total += gradient.abs().sum(dim=0)
    return [(total / len(texts)).float() for total in totals]


def random_head_scores(model: nn.Module, seed: int) -> list[Tensor]:
    """Draw random scores [layers][heads], as a control.

    Raises:
        InputError: the model's attention does not have BERT's or MPNet's form.
    """
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(n.num_heads, generator=generator) for n in _attention_layers(model)]


def stored_bytes(model: nn.Module) -> int:
    """Return the size of the weights in bytes, as torch.save writes them."""
    content = io.BytesIO()
    torch.save(model.state_dict(), content)
    return content.tell()


class _AttentionLayer(NamedTuple):
    """The modules of a layer that hold its heads."""

    attention: Any  # has the number and size of the heads
    inputs: tuple[str, str, str]  # names of its query, key and value projections
    output_owner: Any
    output_name: str  # of the projection that reads the heads' outputs

    @property
    def num_heads(self) -> int:
        return int(self.attention.num_attention_heads)

    @property
    def output(self) -> nn.Linear:
        projection: nn.Linear = getattr(self.output_owner, self.output_name)
        return projection


def _attention_layers(model: nn.Module) -> list[_AttentionLayer]:
    """Return the attention of all layers, first to last."""
    layers = [layer for module in model.modules() if (layer := _attention_layer(module))]
    if not layers:
        raise InputError(
            f"{type(model).__name__} has no attention layers of BERT's or MPNet's form"
        )
    return layers


def _attention_layer(module: Any) -> _AttentionLayer | None:
    attention = getattr(module, "self", None)
    if _has_all(attention, "query", "key", "value", "num_attention_heads") and hasattr(
        getattr(module, "output", None), "dense"
    ):
        return _AttentionLayer(attention, ("query", "key", "value"), module.output, "dense")
    if _has_all(module, "q", "k", "v", "o", "num_attention_heads"):
        return _AttentionLayer(module, ("q", "k", "v"), module, "o")
    return None


def _has_all(module: Any, *names: str) -> bool:
    return all(hasattr(module, name) for name in names)


def _prune_layer(layer: _AttentionLayer, keep: int, scores: Tensor) -> None:
    attention = layer.attention
    if not 1 <= keep <= layer.num_heads:
        raise InputError(f"cannot keep {keep} of {layer.num_heads} attention heads")
    heads = scores.topk(keep).indices.sort().values
    size = attention.attention_head_size
    units = (heads[:, None] * size + torch.arange(size)).flatten()
    for name in layer.inputs:
        setattr(attention, name, prune_linear_layer(getattr(attention, name), units))
    pruned = prune_linear_layer(layer.output, units, dim=1)
    setattr(layer.output_owner, layer.output_name, pruned)
    attention.num_attention_heads, attention.all_head_size = keep, keep * size
    if layer.output_owner is attention:  # MPNet gives all layers one bias for each head
        attention.register_forward_pre_hook(partial(_with_bias_of, heads))


def _with_bias_of(heads: Tensor, _module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments of an MPNet's attention with the position bias cut to `heads`."""
    states, mask, bias, *rest = arguments
    return states, mask, bias if bias is None else bias[:, heads], *rest


def _strength(layer: _AttentionLayer) -> Tensor:
    """Return a bound on what each head can add to the layer's output, [heads]."""
    heads, size = layer.num_heads, layer.attention.attention_head_size
    value = getattr(layer.attention, layer.inputs[2]).weight.detach().view(heads, size, -1)
    written = layer.output.weight.detach().view(-1, heads, size)  # [hidden, heads, size]
    strength: Tensor = torch.linalg.matrix_norm(torch.einsum("ohs,hsi->hoi", written, value))
    return strength


@contextmanager
def _masked(layers: Sequence[_AttentionLayer], masks: Sequence[Tensor]) -> Iterator[None]:
    """Multiply each layer's heads by its mask [batch, heads] inside the context."""
    with ExitStack() as stack:
        for layer, mask in zip(layers, masks, strict=True):
            handle = layer.output.register_forward_pre_hook(_multiply_heads_by(mask))
            stack.callback(handle.remove)
        yield


def _multiply_heads_by(mask: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor]]:
    def multiply(_module: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor]:
        states = arguments[0]  # [batch, time, heads * size]
        units = states.shape[-1] // mask.shape[1]
        return (states * mask.repeat_interleave(units, dim=1)[:, None],)

    return multiply
