"""The native kernels, with checked NumPy arguments.

Computes nothing itself; reference.py says what the kernels compute. Answering texts does not come
this way (classifier.py).
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..runtime.targets import choose_target, native
from .forward import Forward
from .weights import Float32Array, StudentWeights, UInt8Array, pack_nibbles

__all__ = ["StudentKernel", "ig_accumulate", "pack_weights"]

Int32Array = npt.NDArray[np.int32]
IntegerT = TypeVar("IntegerT", np.int32, np.int64)


def pack_weights(weights: StudentWeights) -> UInt8Array:
    """The weights, but for the embedding, in the kernels' layout: one flat buffer.

    The same for every target; aligned to 64 bytes.
    """
    names = [
        *(f"{way}_{part}" for way in ("forward", "backward")
          for part in ("weight_q8", "scale", "bias")),
        "attention_weight_q8", "attention_scale", "attention_vector", "null_score",
        "head_weight_q8", "head_scale", "head_bias",
    ]  # fmt: skip
    return native.pack_weights(
        embedding_dim=weights.shape.embedding_dim,
        hidden_dim=weights.shape.hidden_dim,
        **{name: np.ascontiguousarray(getattr(weights, name)) for name in names},
    )


class StudentKernel:
    """A student, packed and ready to run; safe to share between threads."""

    __slots__ = ("_student", "target")

    def __init__(self, weights: StudentWeights, target: str | None = None) -> None:
        """Pack the weights. An embedding of 8 bits is kept as it is.

        Raises KernelError when `target` is not supported (see choose_target).
        """
        self.target = choose_target(target)
        rows: npt.NDArray[np.int8] | UInt8Array = np.ascontiguousarray(weights.embedding_q8)
        if weights.embedding_bits == 4:
            rows = pack_nibbles(weights.embedding_q8)
        self._student = native.Student(pack_weights(weights), rows, self.target)

    def forward(self, piece_ids: npt.ArrayLike, offsets: npt.ArrayLike) -> Forward:
        """Run a ragged batch: text b owns piece_ids[offsets[b]:offsets[b + 1]].

        piece_ids are P integers in [0, V), offsets B + 1 integers from 0 to P, never decreasing;
        contiguous int32 ids and int64 offsets are used without a copy, and no other thread may
        change them meanwhile. Raises InputError, with
        the position and the value, before anything is computed.
        """
        ids = _flat_integers("piece_ids", piece_ids, np.int32)
        bounds = _flat_integers("offsets", offsets, np.int64)
        if not bounds.size:
            raise InputError("offsets are empty, expected at least [0]")
        try:
            return Forward(*self._student.forward(ids, bounds))
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
    """Integrated gradients by word, [B, num_words].

    gradients [S, B, T, D] along the path, step_weights [S], delta [B, T, D] (input minus
    baseline), word_index [B, T] in [-1, num_words), where -1 is padding, whose gradients are never
    read. The attribution of token t, sum over s of step_weights[s] * dot(gradients[s, b, t],
    delta[b, t]), is added to its word. The sum over S may be split into calls, whose results the
    caller adds. Reads each gradient once, and keeps nothing of their size unless they have to be
    made contiguous. Raises InputError for a wrong shape, type or index.
    """
    chosen = choose_target(target)
    arrays = {"gradients": gradients, "step_weights": step_weights, "delta": delta}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype != np.float32:
            raise InputError(f"{name} is {_describe(array)}, expected a float32 array")
    index = _as_integers("word_index", np.asarray(word_index), np.int32)
    num_steps, num_texts, num_tokens, width = _check_ig_shapes(
        gradients, step_weights, delta, index, num_words
    )
    gradients, step_weights, delta = map(np.ascontiguousarray, arrays.values())
    attributions = np.empty((num_texts, num_words), np.float32)
    try:
        native.ig_accumulate_into(
            chosen,
            _address(gradients), _address(step_weights), _address(delta), _address(index),
            num_steps, num_texts, num_tokens, width, num_words,
            _address(attributions),
        )  # fmt: skip
    except ValueError as error:
        raise InputError(str(error)) from None
    return attributions


def _check_ig_shapes(
    gradients: Float32Array,
    step_weights: Float32Array,
    delta: Float32Array,
    word_index: Int32Array,
    num_words: int,
) -> tuple[int, int, int, int]:
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
    return steps, b, t, d


def _flat_integers(
    name: str, values: npt.ArrayLike, dtype: type[IntegerT]
) -> npt.NDArray[IntegerT]:
    if (
        type(values) is np.ndarray and values.dtype == dtype and values.ndim == 1
        and values.flags.c_contiguous
    ):  # fmt: skip
        return values  # as it should be: without the microsecond that the rest takes
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {list(array.shape)}, expected one dimension")
    return _as_integers(name, array, dtype)


def _as_integers(
    name: str, array: npt.NDArray[Any], dtype: type[IntegerT]
) -> npt.NDArray[IntegerT]:
    """The same values, contiguous and of the kernel's type; a copy only where that is needed."""
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


def _address(array: npt.NDArray[Any]) -> int:
    """Where the values lie; array.ctypes would take five times as long."""
    address: int = array.__array_interface__["data"][0]
    return address


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"a {type(value).__name__}"
