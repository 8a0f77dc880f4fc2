"""The native kernels as torch custom operators, registered when this module is imported.

    torch.ops.dixtill.masked_attention_bilstm    the int8 student on a padded batch
    torch.ops.dixtill.ig_accumulate              integrated gradients, merged into words

Both run on CPU tensors and have fake kernels, so torch.compile and torch.export keep them. They
have no gradients. As with torch's own operators, no other thread may change a tensor while a call
runs: the answer would be undefined, though no memory outside the tensors is touched. They are
registered through torch.library.Library, because a call through
torch.library.custom_op costs more. docs/how-to/torch.md shows how to use them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .errors import InputError
from .specification import kernels
from .specification.parameters import StudentParameters

_LIBRARY: Any = torch.library.Library("dixtill", "DEF")  # type: ignore[no-untyped-call]
_LIBRARY.define(
    "masked_attention_bilstm(Tensor input_ids, Tensor attention_mask, Tensor embedding_q8, "
    "Tensor packed, int num_classes) "
    "-> (Tensor logits, Tensor scores, Tensor attention, Tensor contributions)"
)
_LIBRARY.define(
    "ig_accumulate(Tensor gradients, Tensor step_weights, Tensor delta, Tensor word_index, "
    "int num_words) -> Tensor"
)


def pack_parameters(parameters: StudentParameters) -> Tensor:
    """Return all parameters except the embedding in the kernels' layout: one uint8 tensor."""
    return torch.from_numpy(kernels.pack_parameters(parameters))


def masked_attention_bilstm(
    input_ids: Tensor,
    attention_mask: Tensor,
    embedding_q8: Tensor,
    packed: Tensor,
    num_classes: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return logits [B, C], scores [B, T], attention [B, T] and contributions [B, T, C].

    The packed parameters say which recurrent cell the student has, and whether it reads in one
    direction or both; the operator's name is from the time when all had LSTMs in both.

    input_ids [B, T] can have any integer type, and attention_mask [B, T] also bool. Tokens are real
    where the mask is not zero, at any positions; results are zero elsewhere. The ids of padding are
    not read. embedding_q8 [V, d] and packed (see pack_parameters) must be contiguous.
    """
    _check_batch(input_ids, attention_mask)
    _check_parameters(embedding_q8, packed, num_classes)
    real = attention_mask != 0
    piece_ids = _int32("input_ids", input_ids[real])
    offsets = torch.zeros(len(real) + 1, dtype=torch.int64)
    torch.cumsum(real.sum(1), 0, out=offsets[1:])
    found = kernels.forward(
        packed.numpy(), embedding_q8.numpy(), piece_ids.numpy(), offsets.numpy()
    )
    if found.logits.shape[1] != num_classes:
        raise InputError(
            f"num_classes is {num_classes}, the packed parameters have {found.logits.shape[1]}"
        )
    by_piece = map(torch.from_numpy, (found.scores, found.attention, found.contributions))
    scores, attention, contributions = (_scatter(values, real) for values in by_piece)
    return torch.from_numpy(found.logits), scores, attention, contributions


def ig_accumulate(
    gradients: Tensor, step_weights: Tensor, delta: Tensor, word_index: Tensor, num_words: int
) -> Tensor:
    """Return integrated gradients by word, [B, num_words]; see kernels.ig_accumulate.

    The float tensors must be float32 and contiguous: a copy of the gradients would be large.
    """
    _check_floats(gradients=gradients, step_weights=step_weights, delta=delta)
    if not _is_integer(word_index):
        raise InputError(f"word_index is {word_index.dtype}, expected an integer type")
    attributions = kernels.ig_accumulate(
        gradients.detach().numpy(), step_weights.detach().numpy(), delta.detach().numpy(),
        _int32("word_index", word_index).numpy(), num_words,
    )  # fmt: skip
    return torch.from_numpy(attributions)


def _scatter(values: Tensor, real: Tensor) -> Tensor:
    padded = values.new_zeros((*real.shape, *values.shape[1:]))
    padded[real] = values
    return padded


def _int32(name: str, values: Tensor) -> Tensor:
    converted = values.to(torch.int32)
    if values.dtype == torch.int64 and not torch.equal(converted.to(torch.int64), values):
        wrong = values[converted != values][0].item()
        raise InputError(f"{name} holds {wrong}, which does not fit in int32")
    return converted


def _is_integer(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() and not tensor.is_complex()


def _check_batch(input_ids: Tensor, attention_mask: Tensor) -> None:
    if input_ids.dim() != 2 or input_ids.shape != attention_mask.shape:
        raise InputError(
            f"input_ids have shape {list(input_ids.shape)} and attention_mask "
            f"{list(attention_mask.shape)}, expected both [B, T]"
        )
    if not _is_integer(input_ids) or input_ids.dtype == torch.bool:
        raise InputError(f"input_ids are {input_ids.dtype}, expected an integer type")


def _check_parameters(embedding_q8: Tensor, packed: Tensor, num_classes: int) -> None:
    if embedding_q8.dtype != torch.int8 or embedding_q8.dim() != 2:
        raise InputError(
            f"embedding_q8 is {embedding_q8.dtype} of shape {list(embedding_q8.shape)}, expected "
            "torch.int8 of shape [V, d]"
        )
    if packed.dtype != torch.uint8 or packed.dim() != 1:
        raise InputError("packed is not the result of pack_parameters")
    if not embedding_q8.is_contiguous() or not packed.is_contiguous():
        raise InputError("embedding_q8 and packed must be contiguous")
    if num_classes < 1:
        raise InputError(f"num_classes is {num_classes}, expected at least 1")


def _check_floats(**tensors: Tensor) -> None:
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float32 or not tensor.is_contiguous():
            kind = "contiguous" if tensor.is_contiguous() else "not contiguous"
            raise InputError(f"{name} is {tensor.dtype}, {kind}; expected contiguous float32")


def _fake_masked_attention_bilstm(
    input_ids: Tensor,
    attention_mask: Tensor,
    embedding_q8: Tensor,
    packed: Tensor,
    num_classes: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    batch, length = input_ids.shape

    def empty(*shape: int) -> Tensor:
        return input_ids.new_empty(shape, dtype=torch.float32)

    return (
        empty(batch, num_classes),
        empty(batch, length),
        empty(batch, length),
        empty(batch, length, num_classes),
    )


def _fake_ig_accumulate(
    gradients: Tensor, step_weights: Tensor, delta: Tensor, word_index: Tensor, num_words: int
) -> Tensor:
    return gradients.new_empty((word_index.shape[0], num_words))


_LIBRARY.impl("masked_attention_bilstm", masked_attention_bilstm, "CPU")
_LIBRARY.impl("ig_accumulate", ig_accumulate, "CPU")
torch.library.register_fake(
    "dixtill::masked_attention_bilstm", _fake_masked_attention_bilstm, lib=_LIBRARY
)
torch.library.register_fake("dixtill::ig_accumulate", _fake_ig_accumulate, lib=_LIBRARY)
