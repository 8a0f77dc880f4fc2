"""Converts a student's int8 parameters to the floats that they stand for, by PyTorch's names."""

from __future__ import annotations

import numpy as np

from .parameters import Float32Array, Int8Array, StudentParameters

_LARGEST = 127  # of an activation: states in [-1, 1] are int8 times 1/127


def float_parameters(parameters: StudentParameters) -> dict[str, Float32Array]:
    """Return the parameters of distillation/network/student.py's Student, by name.

    Quantization has folded the scales of the embedding's columns into the matrices that read them,
    so the embedding's values are whole numbers. PyTorch's second bias of each gate is zero.
    """
    d = parameters.shape.embedding_dim
    values = {
        "embedding.weight": parameters.embedding_q8.astype(np.float32),
        "attention_weight.weight": _LARGEST
        * _product(parameters.attention_weight_q8, parameters.attention_scale),
        "attention_vector.weight": parameters.attention_vector[None],
        "null_score": parameters.null_score,
        "head.weight": _LARGEST * _product(parameters.head_weight_q8, parameters.head_scale),
        "head.bias": parameters.head_bias,
    }
    for name, suffix in (("forward", ""), ("backward", "_reverse")):
        matrix = _product(
            getattr(parameters, f"{name}_weight_q8"), getattr(parameters, f"{name}_scale")
        )
        bias = getattr(parameters, f"{name}_bias")
        values[f"lstm.weight_ih_l0{suffix}"] = matrix[:, :d]
        values[f"lstm.weight_hh_l0{suffix}"] = _LARGEST * matrix[:, d:]
        values[f"lstm.bias_ih_l0{suffix}"] = bias
        values[f"lstm.bias_hh_l0{suffix}"] = np.zeros_like(bias)
    return values


def _product(weight_q8: Int8Array, scale: Float32Array) -> Float32Array:
    return weight_q8.astype(np.float32) * scale[:, None]
