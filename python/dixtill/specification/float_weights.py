"""Converts a student's int8 weights to the float values that they stand for, by PyTorch's names."""

from __future__ import annotations

import numpy as np

from .weights import Float32Array, Int8Array, StudentWeights

_LARGEST = 127  # of an activation: states in [-1, 1] are int8 times 1/127


def float_weights(weights: StudentWeights) -> dict[str, Float32Array]:
    """Return the parameters of distillation/student/student.py's Student, by name.

    Quantization has folded the scales of the embedding's columns into the matrices that read them,
    so the embedding's values are whole numbers. PyTorch's second bias of each gate is zero.
    """
    d = weights.shape.embedding_dim
    parameters = {
        "embedding.weight": weights.embedding_q8.astype(np.float32),
        "attention_weight.weight": _LARGEST
        * _product(weights.attention_weight_q8, weights.attention_scale),
        "attention_vector.weight": weights.attention_vector[None],
        "null_score": weights.null_score,
        "head.weight": _LARGEST * _product(weights.head_weight_q8, weights.head_scale),
        "head.bias": weights.head_bias,
    }
    for name, suffix in (("forward", ""), ("backward", "_reverse")):
        matrix = _product(getattr(weights, f"{name}_weight_q8"), getattr(weights, f"{name}_scale"))
        bias = getattr(weights, f"{name}_bias")
        parameters[f"lstm.weight_ih_l0{suffix}"] = matrix[:, :d]
        parameters[f"lstm.weight_hh_l0{suffix}"] = _LARGEST * matrix[:, d:]
        parameters[f"lstm.bias_ih_l0{suffix}"] = bias
        parameters[f"lstm.bias_hh_l0{suffix}"] = np.zeros_like(bias)
    return parameters


def _product(weight_q8: Int8Array, scale: Float32Array) -> Float32Array:
    return weight_q8.astype(np.float32) * scale[:, None]
