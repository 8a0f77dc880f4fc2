"""Calls the native kernels with checked NumPy arguments.

Tests of the kernels' bits and the torch operators (torch_ops.py) use it; reference.py says what the
kernels compute. runtime/classifier.py answers texts without this module.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..runtime.targets import choose_target, native
from .forward import Forward
from .parameters import Direction, Float32Array, Int8Array, StudentParameters, UInt8Array

__all__ = ["forward", "ig_accumulate", "pack_parameters"]

Int32Array = npt.NDArray[np.int32]
IntegerT = TypeVar("IntegerT", np.int32, np.int64)


def pack_parameters(parameters: StudentParameters) -> UInt8Array:
    """Return all parameters except the embedding in the kernels' layout: one flat uint8 buffer.

    It is the same for every target, and begins at a cache line.
    """
    ways = parameters.shape.ways
    names = [
        "attention_weight_q8", "attention_scale", "attention_vector", "null_score",
        "head_weight_q8", "head_scale", "head_bias",
    ]  # fmt: skip
    return native.pack_parameters(
        cell=parameters.cell,
        output=parameters.output,
        embedding_dim=parameters.shape.embedding_dim,
        hidden_dim=parameters.shape.hidden_dim,
        directions=[Direction(*map(np.ascontiguousarray, parameters.direction(w))) for w in ways],
        **{name: np.ascontiguousarray(getattr(parameters, name)) for name in names},
    )


def forward(
    packed: UInt8Array,
    embedding: Int8Array | UInt8Array,
    piece_ids: npt.ArrayLike,
    offsets: npt.ArrayLike,
    target: str | None = None,
) -> Forward:
    """Run a ragged batch: text b owns piece_ids[offsets[b]:offsets[b + 1]].

    packed is the result of pack_parameters. embedding holds 8 bits a value, int8 [V, d], or 4,
    uint8 [V, (d + 1) // 2]. piece_ids are P integers in [0, V), offsets B + 1 integers from 0 to P
    that never decrease. If another thread changes an array during the call, the answer is
    undefined, but no memory outside the arrays is touched. Raises InputError, with the position and
    the value, before anything is computed; KernelError when `target` is not supported (see
    choose_target).
    """
    chosen = choose_target(target)
    ids = _flat_integers("piece_ids", piece_ids, np.int32)
    bounds = _flat_integers("offsets", offsets, np.int64)
    try:
        return Forward(*native.forward(chosen, packed, embedding, ids, bounds))
    except ValueError as error:
        raise InputError(str(error)) from None


def ig_accumulate(
    gradients: Float32Array,
    step_weights: Float32Array,
    delta: Float32Array,
    word_index: npt.NDArray[np.integer],
    num_words: int,
    target: str | None = None,
) -> Float32Array:
    """Return integrated gradients by word, [B, num_words].

    gradients [S, B, T, D] along the path, step_weights [S], delta [B, T, D] (input minus
    baseline), word_index [B, T] in [-1, num_words), where -1 is padding, whose gradients are never
    read. The attribution of token t, sum over s of step_weights[s] * dot(gradients[s, b, t],
    delta[b, t]), is added to its word. The caller may split the steps S into several calls and add
    up the results. Each gradient is read once, and nothing of their size is allocated unless they
    have to be made contiguous. If another thread changes an array during the call, see `forward`.
    Raises InputError for a wrong shape, type or index.
    """
    chosen = choose_target(target)
    arrays = {"gradients": gradients, "step_weights": step_weights, "delta": delta}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype != np.float32:
            raise InputError(f"{name} is {_describe(array)}, expected a float32 array")
    index = _as_integers("word_index", np.asarray(word_index), np.int32)
    _check_ig_shapes(gradients, step_weights, delta, index, num_words)
    gradients, step_weights, delta = map(np.ascontiguousarray, arrays.values())
    try:
        return native.ig_accumulate(chosen, gradients, step_weights, delta, index, num_words)
    except ValueError as error:
        raise InputError(str(error)) from None


def _check_ig_shapes(
    gradients: Float32Array,
    step_weights: Float32Array,
    delta: Float32Array,
    word_index: Int32Array,
    num_words: int,
) -> None:
    if gradients.ndim != 4:
        raise InputError(f"gradients have shape {list(gradients.shape)}, expected [S, B, T, D]")
    steps, b, t, d = gradients.shape
    expected = {"step_weights": (steps,), "delta": (b, t, d), "word_index": (b, t)}
    actual = {"step_weights": step_weights, "delta": delta, "word_index": word_index}
    for name, shape in expected.items():
        if actual[name].shape != shape:
            raise InputError(
                f"{name} has shape {list(actual[name].shape)}, expected {list(shape)} to fit "
                f"gradients of shape {list(gradients.shape)}"
            )
    if num_words < 0:
        raise InputError(f"num_words is {num_words}, expected at least 0")


def _flat_integers(
    name: str, values: npt.ArrayLike, dtype: type[IntegerT]
) -> npt.NDArray[IntegerT]:
    if (
        type(values) is np.ndarray and values.dtype == dtype and values.ndim == 1
        and values.flags.c_contiguous
    ):  # fmt: skip
        return values  # the usual case, which need not take the microsecond below
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {list(array.shape)}, expected one dimension")
    return _as_integers(name, array, dtype)


def _as_integers(
    name: str, array: npt.NDArray[Any], dtype: type[IntegerT]
) -> npt.NDArray[IntegerT]:
    """Return the same values, contiguous and of the kernel's type; copy only if necessary."""
    if array.size and array.dtype.kind not in "iu":
        raise InputError(f"{name} is {_describe(array)}, expected an array of integers")
    converted = np.ascontiguousarray(array, dtype)
    if converted.dtype != array.dtype and (wrong := np.argwhere(converted != array)).size:
        position = ", ".join(map(str, wrong[0]))
        raise InputError(
            f"{name}[{position}] is {array[tuple(wrong[0])]}, which does not fit in "
            f"{np.dtype(dtype)}"
        )
    return converted


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"a {type(value).__name__}"
