"""Converts a student's int8 parameters to the floats that they stand for, by PyTorch's names."""

from __future__ import annotations

import numpy as np

from .parameters import Float32Array, Int8Array, StudentParameters

SUFFIXES = {"forward": "", "backward": "_reverse"}
"""What PyTorch appends to the name of a cell's parameter, by direction."""

LINEAR_WINDOW = (0, 1)
"""How many places back, in the order of reading, each piece is that a step of a linear cell reads.

A weight has a block of d columns for each of them.
"""

_LARGEST = 127  # of an activation: states in [-1, 1] are int8 times 1/127


def float_parameters(parameters: StudentParameters) -> dict[str, Float32Array]:
    """Return the parameters of distillation/network/student.py's Student, by name.

    Quantization has folded the scales of the embedding's columns into the matrices that read them,
    so the embedding's values are whole numbers. PyTorch's second bias of a gate is zero, except for
    a GRU's n.
    """
    values = {
        "embedding.weight": parameters.embedding_q8.astype(np.float32),
        "attention_weight.weight": _LARGEST
        * _product(parameters.attention_weight_q8, parameters.attention_scale),
        "attention_vector.weight": parameters.attention_vector[None],
        "null_score": parameters.null_score,
        "head.weight": _LARGEST * _product(parameters.head_weight_q8, parameters.head_scale),
        "head.bias": parameters.head_bias,
    }
    for way in parameters.shape.ways:
        direction = _direction(parameters, way)
        values |= {f"{parameters.cell}.{part}{SUFFIXES[way]}": v for part, v in direction.items()}
    return values


def _direction(parameters: StudentParameters, way: str) -> dict[str, Float32Array]:
    """Return the parameters of the cell in one direction, by their names in a PyTorch module."""
    weight_q8, scale, bias = parameters.direction(way)
    matrix = _product(weight_q8, scale)
    if parameters.cell == "linear":
        return {"weight": matrix, "bias": bias}
    rows, d = len(matrix), parameters.shape.embedding_dim
    of_state = np.zeros_like(bias[:rows])
    if parameters.cell == "gru":  # n has a second bias of its own, which the reset gate scales
        of_state[-parameters.shape.hidden_dim :] = bias[rows:]
    return {
        "weight_ih_l0": matrix[:, :d],
        "weight_hh_l0": _LARGEST * matrix[:, d:],
        "bias_ih_l0": bias[:rows],
        "bias_hh_l0": of_state,
    }


def _product(weight_q8: Int8Array, scale: Float32Array) -> Float32Array:
    return weight_q8.astype(np.float32) * scale[:, None]
