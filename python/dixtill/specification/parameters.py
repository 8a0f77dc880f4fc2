"""The student's int8 parameters, as the model file holds them and every kernel reads them.

This file checks shapes and types; model_file.py reads files, kernels.py and reference.py compute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..runtime.model_file.shape import PARAMETERS, WAYS, StudentShape, parameter_names

Int8Array = npt.NDArray[np.int8]
UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]

# The product of this and the largest sum of int8 products is finite, so no answer is infinite.
_LARGEST_FLOAT = 1e25

NO_NULL_SCORE = -_LARGEST_FLOAT
"""A null score that leaves all attention to the pieces: its exponential is zero beside theirs."""


class Direction(NamedTuple):
    """The parameters of a cell in one direction; see StudentParameters."""

    weight_q8: Int8Array
    scale: Float32Array
    bias: Float32Array


@dataclass(frozen=True, eq=False, kw_only=True)
class StudentParameters:
    """Parameters of a student; every int8 value lies in [-127, 127].

    The product of an int8 row and int8 activations, times the row's scale, is the float result:
    quantization has folded the scales of the activations (one per embedding column, 1/127 for
    hidden states) into parameters and scales.

    In the shapes there are V pieces, embedding width d, D directions of H units each, A attention
    units and C classes. The rows of a direction are those of the cell's gates, one gate after the
    other:

        cell    gates         weight_q8      scale  bias
        lstm    i, f, g, o    [4H, d + H]    [4H]   [4H]
        gru     r, z, n       [3H, d + H]    [3H]   [4H]: r, z, n of the input, n of the state
        linear  z, n          [2H, 2d]       [2H]   [2H]

    The columns read the piece, and after it the previous state, or for a linear cell the piece
    before it in the direction of reading. A student that reads in one direction has None for the
    backward parameters.
    """

    embedding_q8: Int8Array  # [V, d]; multiples of 16 if it is to be kept in 4 bits
    forward_weight_q8: Int8Array
    forward_scale: Float32Array
    forward_bias: Float32Array
    backward_weight_q8: Int8Array | None = None
    backward_scale: Float32Array | None = None
    backward_bias: Float32Array | None = None
    attention_weight_q8: Int8Array  # [A, DH]
    attention_scale: Float32Array  # [A]
    attention_vector: Float32Array  # [A]
    null_score: Float32Array  # [1], a score beside those of the pieces, in each text's softmax
    head_weight_q8: Int8Array  # [C, DH]
    head_scale: Float32Array  # [C]
    head_bias: Float32Array  # [C]
    cell: str = "lstm"  # one of CELLS
    output: str = "softmax"  # one of OUTPUTS

    def __post_init__(self) -> None:
        for name, array in self.arrays().items():
            expected = np.int8 if name.endswith("_q8") else np.float32
            if array.dtype != expected:
                raise InputError(
                    f"weight '{name}' has type {array.dtype}, expected {np.dtype(expected)}"
                )
        shapes = {name: array.shape for name, array in self.arrays().items()}
        for name in parameter_names(self.directions):
            if name not in shapes:
                raise InputError(f"weight '{name}' is missing")
        StudentShape.of(self.cell, self.output, self.directions, shapes)
        for name, array in self.arrays().items():
            _check_values(name, array)

    def arrays(self) -> dict[str, Int8Array | Float32Array]:
        """Return the parameters that there are by name, in the order of PARAMETERS."""
        by_name = {name: getattr(self, name) for name in PARAMETERS}
        return {name: array for name, array in by_name.items() if array is not None}

    def direction(self, way: str) -> Direction:
        """Return the parameters of a direction, "forward" or "backward"."""
        return Direction(*(getattr(self, f"{way}_{part}") for part in Direction._fields))

    @property
    def directions(self) -> int:
        """In how many directions the student reads."""
        is_both_ways = any(name.startswith(f"{WAYS[1]}_") for name in self.arrays())
        return len(WAYS) if is_both_ways else 1

    @property
    def shape(self) -> StudentShape:
        """The student's sizes."""
        num_pieces, embedding_dim = self.embedding_q8.shape
        attention_dim, num_states = self.attention_weight_q8.shape
        num_classes = self.head_weight_q8.shape[0]
        hidden_dim = num_states // self.directions
        sizes = num_pieces, embedding_dim, hidden_dim, attention_dim, num_classes
        return StudentShape(self.cell, *sizes, self.directions, self.output)

    @property
    def embedding_bits(self) -> int:
        """Bits in which a value of the embedding is kept: 4 where that loses nothing, else 8."""
        return 8 if (self.embedding_q8 & 15).any() else 4


def pack_nibbles(rows_q8: Int8Array) -> UInt8Array:
    """Pack multiples of 16, [V, d], two to a byte: [V, (d + 1) // 2].

    Byte i holds column i in its low half and column (d + 1) // 2 + i in its high half.
    """
    num_low = (rows_q8.shape[1] + 1) // 2
    bytes_of = rows_q8.view(np.uint8)
    packed = np.array(bytes_of[:, :num_low], order="C")
    packed >>= 4
    packed[:, : rows_q8.shape[1] - num_low] |= bytes_of[:, num_low:]
    return packed


def unpack_nibbles(packed: UInt8Array, embedding_dim: int) -> Int8Array:
    """Return the rows [V, d] that `pack_nibbles` was given."""
    both = np.concatenate([packed << 4, packed & 0xF0], axis=1)
    return both[:, :embedding_dim].view(np.int8)


def _check_values(name: str, array: Int8Array | Float32Array) -> None:
    if array.dtype == np.int8:
        if (array == -128).any():
            raise InputError(f"weight '{name}' holds -128; int8 parameters lie in [-127, 127]")
    elif not (np.abs(array) <= _LARGEST_FLOAT).all():
        raise InputError(f"weight '{name}' holds a value that is not finite, or beyond 1e25")
