"""Specifies the arithmetic of the forward pass: activations, products, rounding and sums.

Everything is float32, one operation at a time and in a stated order, so that every kernel can
equal it bit for bit (docs/adr/0001).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .parameters import Float32Array, Int8Array

Int32Array = npt.NDArray[np.int32]

NUM_LANES = 8
ROUNDING_SHIFT = np.float32(12582912.0)  # 1.5 * 2**23: adding it rounds to an integer


def tanh_ratio(x: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Return a minimax [5/4] rational for tanh, numerator and denominator; constant past ±5.03.

    The numerator is odd in x; the denominator lies in [1, 20.1].
    """
    f = np.float32
    x = np.maximum(np.minimum(x, f(5.03)), f(-5.03))
    square = x * x
    top = x * (square * (square * f(0.0006520183) + f(0.10162229)) + f(0.9998039))
    bottom = square * (square * f(0.012609327) + f(0.43438745)) + f(1.0)
    return top, bottom


def tanh(x: Float32Array) -> Float32Array:
    """Return tanh with an absolute error of at most 4.5e-5, in [-0.99996, 0.99996]."""
    top, bottom = tanh_ratio(x)
    ratio: Float32Array = top / bottom
    return ratio


def exp(x: Float32Array) -> Float32Array:
    """Return exp of x clamped to [-87, 88]; the relative error is at most 1.9e-7, exp(0) is 1.

    x = n ln 2 + r; a polynomial gives exp(r), and n goes to the exponent bits.
    """
    f = np.float32
    x = np.maximum(np.minimum(x, f(88.0)), f(-87.0))
    shifted = x * f(1.442695) + ROUNDING_SHIFT
    n = shifted - ROUNDING_SHIFT
    r = (x - n * f(0.693359375)) - n * f(-2.1219444e-4)
    p = ((f(0.008328609) * r + f(0.04189435)) * r + f(0.16666937)) * r + f(0.49999186)
    p = (p * (r * r) + r) + f(1.0)
    power_of_two = (shifted.view(np.int32) << np.int32(23)) + np.int32(0x3F800000)
    result: Float32Array = p * power_of_two.view(np.float32)
    return result


def product(weight_q8: Int8Array, x_q8: Int8Array) -> Float32Array:
    """Multiply as exact integers, and convert the product [..., rows] to float32."""
    products: Int32Array = x_q8.astype(np.int32) @ weight_q8.astype(np.int32).T
    return products.astype(np.float32)


def quantize(scaled: Float32Array) -> Int8Array:
    """Round to the nearest integers, half to even; numbers beyond ±127 become ±127."""
    rounded: Float32Array = np.rint(scaled)
    return np.clip(rounded, -127, 127).astype(np.int8)


def lane_sum(values: Float32Array) -> Float32Array:
    """Sum over the last axis as eight lanes do: element j into lane j % 8, then a fixed tree."""
    *leading, count = values.shape
    num_vectors = -(-count // NUM_LANES)
    padded = np.zeros((*leading, num_vectors * NUM_LANES), np.float32)
    padded[..., :count] = values
    vectors = padded.reshape(*leading, num_vectors, NUM_LANES)
    lanes = sum_in_order(np.moveaxis(vectors, -2, 0))  # [..., 8]
    l0, l1, l2, l3, l4, l5, l6, l7 = np.moveaxis(lanes, -1, 0)
    total: Float32Array = ((l0 + l4) + (l2 + l6)) + ((l1 + l5) + (l3 + l7))
    return total


def sum_in_order(values: Float32Array, start: Float32Array | None = None) -> Float32Array:
    """Sum over the first axis in order, beginning with `start` or zero."""
    total = np.zeros(values.shape[1:], np.float32) if start is None else start
    for value in values:
        total = total + value
    return total
