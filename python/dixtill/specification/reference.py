"""Specifies the int8 forward pass in NumPy: every native kernel equals it, bit for bit.

This code is written for a reader, not for speed. Everything is float32, one operation at a time
and in a stated order, without fused multiply-add or pairwise sums. It does not check its input.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .forward import Forward
from .parameters import Float32Array, Int8Array, StudentParameters

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

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


def lstm_cell(gates: Float32Array, cell: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Return the next cell and 127 times the hidden state, [H] each; gates i, f, g, o are [4, H].

    cell = sigmoid(f) cell + sigmoid(i) tanh(g) and hidden = sigmoid(o) tanh(cell), each over one
    denominator, with sigmoid(z) = (bottom + top) / (2 bottom) of the ratio for z / 2. This takes
    two divisions; computing each gate by itself would take five.
    """
    half = np.float32(0.5)
    i_top, i_bottom = tanh_ratio(half * gates[0])
    f_top, f_bottom = tanh_ratio(half * gates[1])
    g_top, g_bottom = tanh_ratio(gates[2])
    o_top, o_bottom = tanh_ratio(half * gates[3])
    shared = i_bottom * g_bottom
    kept = ((f_bottom + f_top) * cell) * shared
    added = ((i_bottom + i_top) * g_top) * f_bottom
    bottom = f_bottom * shared
    cell = (kept + added) / (bottom + bottom)
    c_top, c_bottom = tanh_ratio(cell)
    top = (o_bottom + o_top) * c_top
    return cell, (top * np.float32(63.5)) / (o_bottom * c_bottom)


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


def forward(parameters: StudentParameters, piece_ids: Int32Array, offsets: Int64Array) -> Forward:
    """Run the student on a ragged batch: text b owns piece_ids[offsets[b]:offsets[b + 1]]."""
    texts = [_forward_one(parameters, piece_ids[start:end]) for start, end in pairwise(offsets)]
    c = parameters.shape.num_classes
    return Forward(
        logits=_concatenate([text.logits for text in texts], (0, c)),
        probabilities=_concatenate([text.probabilities for text in texts], (0, c)),
        scores=_concatenate([text.scores for text in texts], (0,)),
        attention=_concatenate([text.attention for text in texts], (0,)),
        contributions=_concatenate([text.contributions for text in texts], (0, c)),
    )


def ig_accumulate(
    gradients: Float32Array,
    step_weights: Float32Array,
    delta: Float32Array,
    word_index: Int32Array,
    num_words: int,
) -> Float32Array:
    """Return integrated gradients by word, [B, num_words].

    gradients [S, B, T, D], step_weights [S], delta [B, T, D] (input minus baseline), word_index
    [B, T] (-1 on padding, whose gradients are not used). A token's attribution is
    sum over s of step_weights[s] * dot(gradients[s, b, t], delta[b, t]).
    """
    num_texts, num_tokens = word_index.shape
    attributions = np.zeros((num_texts, num_words), np.float32)
    for b, t in np.ndindex(num_texts, num_tokens):
        word = word_index[b, t]
        if word >= 0:
            products = lane_sum(gradients[:, b, t] * delta[b, t])  # [S]
            attributions[b, word] += sum_in_order(step_weights * products)
    return attributions


def word_weights(
    forward: Forward, word_of_piece: Sequence[int], num_words: int, explanation: str
) -> list[float]:
    """Return the weight of each word of one text, in double precision.

    Gates and contributions add up to logit_k - mean(logits) of the predicted class k, minus the
    same difference of the head's biases. With scores, a word's weight is the mean of its pieces.
    """
    label = int(forward.logits[0].argmax())
    contributed, attention = [0.0] * num_words, [0.0] * num_words
    scores, num_pieces = [0.0] * num_words, [0] * num_words
    for piece, word in enumerate(word_of_piece):
        shares = [float(share) for share in forward.contributions[piece]]
        contributed[word] += shares[label] - sum_of(shares) / len(shares)
        attention[word] += float(forward.attention[piece])
        scores[word] += float(forward.scores[piece])
        num_pieces[word] += 1
    if explanation == "gates":
        return gate_weights(contributed, attention)
    if explanation == "scores":
        return [total / count for total, count in zip(scores, num_pieces, strict=True)]
    return contributed


def gate_weights(contributed: Sequence[float], attention: Sequence[float]) -> list[float]:
    """Integrate the gradients of sum(contributed) over a gate for each word, from closed to open.

    A gate g scales exp(score) of the word's pieces. With all of them at s, the attention of word i
    is s a_i / (1 - A + s A), where A = sum(attention); the integrals over s from 0 to 1 are

        L c_i / A - a_i (L - A) / A^2 * sum(c),  L = -log(1 - A)

    and add up to sum(c) (docs/adr/0016).
    """
    total, attended = sum_of(contributed), sum_of(attention)
    own, common = gate_factors(attended)
    return [own * c - common * total * a for c, a in zip(contributed, attention, strict=True)]


def gate_factors(attended: float) -> tuple[float, float]:
    """Return L / A and (L - A) / A^2 for L = -log(1 - A), A in [0, 1].

    Below 2^-20 their limits are returned, 1 and 1/2; A above 1 - 2^-40 counts as 1 - 2^-40.
    """
    if attended < 2.0**-20:
        return 1.0, 0.5
    attended = min(attended, 1.0 - 2.0**-40)
    log = minus_log(1.0 - attended)
    return log / attended, (log - attended) / (attended * attended)


def minus_log(x: float) -> float:
    """Return -log(x) for x in (0, 1], within 3e-16 or, relatively, within 2e-15.

    The last bits of a library's logarithm differ from one platform to another, so this is our own.
    x = m 2^e with m in [1/2, 1), and -log(m) = 2 artanh(z) = 2 (z + z^3 / 3 + z^5 / 5 + ...) for
    z = (1 - m) / (1 + m), at most 1/3.
    """
    m, e = math.frexp(x)
    z = (1.0 - m) / (1.0 + m)
    square, term, total = z * z, z, z
    for k in range(3, 32, 2):
        term = term * square
        total = total + term / k
    return 2.0 * total - e * 0.6931471805599453


def sum_of(values: Sequence[float]) -> float:
    """Sum the values in order; the built-in sum of newer Pythons compensates for rounding."""
    total = 0.0
    for value in values:
        total += value
    return total


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


def _forward_one(parameters: StudentParameters, piece_ids: Int32Array) -> Forward:
    states_q8 = np.concatenate(_hidden_states(parameters, piece_ids), axis=1)  # [T, 2H]
    scores = _attention_scores(parameters, states_q8)
    attention = attention_of(scores, parameters.null_score)
    shares = _product(parameters.head_weight_q8, states_q8) * parameters.head_scale  # [T, C]
    contributions = attention[:, None] * shares
    logits = sum_in_order(contributions, start=parameters.head_bias)
    return Forward(
        logits=logits[None],
        probabilities=softmax(logits)[None],
        scores=scores,
        attention=attention,
        contributions=contributions,
    )


def _hidden_states(
    parameters: StudentParameters, piece_ids: Int32Array
) -> tuple[Int8Array, Int8Array]:
    w = parameters
    inputs_q8 = w.embedding_q8[piece_ids]  # [T, d]
    forward_q8 = _lstm(w.forward_weight_q8, w.forward_scale, w.forward_bias, inputs_q8)
    reversed_q8 = _lstm(w.backward_weight_q8, w.backward_scale, w.backward_bias, inputs_q8[::-1])
    return forward_q8, reversed_q8[::-1]


def _lstm(
    weight_q8: Int8Array, scale: Float32Array, bias: Float32Array, inputs_q8: Int8Array
) -> Int8Array:
    """Return the hidden states [T, H] of one direction; inputs are [T, d]."""
    num_units = scale.size // 4
    hidden_q8 = np.zeros(num_units, np.int8)
    cell = np.zeros(num_units, np.float32)
    states_q8 = np.zeros((len(inputs_q8), num_units), np.int8)
    for t, input_q8 in enumerate(inputs_q8):
        z = _product(weight_q8, np.concatenate([input_q8, hidden_q8])) * scale + bias
        cell, scaled_hidden = lstm_cell(z.reshape(4, num_units), cell)
        hidden_q8 = _quantize(scaled_hidden)
        states_q8[t] = hidden_q8
    return states_q8


def _quantize(scaled: Float32Array) -> Int8Array:
    rounded: Float32Array = np.rint(scaled)  # half to even
    return np.clip(rounded, -127, 127).astype(np.int8)


def _product(weight_q8: Int8Array, x_q8: Int8Array) -> Float32Array:
    """Multiply as exact integers, and convert the product [..., rows] to float32."""
    products: Int32Array = x_q8.astype(np.int32) @ weight_q8.astype(np.int32).T
    return products.astype(np.float32)


def _attention_scores(parameters: StudentParameters, states_q8: Int8Array) -> Float32Array:
    units = tanh(_product(parameters.attention_weight_q8, states_q8) * parameters.attention_scale)
    return lane_sum(parameters.attention_vector * units)


def attention_of(scores: Float32Array, null_score: Float32Array) -> Float32Array:
    """Return softmax over the null score [1] and the scores [T], without the null score's value."""
    return softmax(np.concatenate([null_score, scores]))[1:]


def softmax(values: Float32Array) -> Float32Array:
    """Return the softmax of one vector; the sum runs in order."""
    exponentials = exp(values - values.max())
    return exponentials / sum_in_order(exponentials)


def _concatenate(parts: list[Float32Array], empty_shape: tuple[int, ...]) -> Float32Array:
    return np.concatenate(parts) if parts else np.zeros(empty_shape, np.float32)
