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

from .arithmetic import Int32Array, exp, lane_sum, product, sum_in_order, tanh
from .cells import hidden_states, traced_shares
from .forward import Forward
from .parameters import Float32Array, Int8Array, StudentParameters

Int64Array = npt.NDArray[np.int64]


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
    forward: Forward,
    word_of_piece: Sequence[int],
    num_words: int,
    explanation: str,
    output: str = "softmax",
    label: int | None = None,
) -> list[float]:
    """Return the weight of each word of one text for a label, in double precision.

    The label is an index, by default that of the largest logit. Gates and contributions add up to
    the label's margin minus that of the head's biases. The margin is logit_k - mean(logits) for
    softmax, and logit_k for the other outputs, whose labels do not exclude each other. With scores,
    a word's weight is the mean of its pieces, for every label.
    """
    k = int(forward.logits[0].argmax()) if label is None else label
    contributed, attention = [0.0] * num_words, [0.0] * num_words
    scores, num_pieces = [0.0] * num_words, [0] * num_words
    for piece, word in enumerate(word_of_piece):
        shares = [float(share) for share in forward.contributions[piece]]
        common = sum_of(shares) / len(shares) if output == "softmax" else 0.0
        contributed[word] += shares[k] - common
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


def _forward_one(parameters: StudentParameters, piece_ids: Int32Array) -> Forward:
    states_q8 = hidden_states(parameters, piece_ids)
    scores = _attention_scores(parameters, states_q8)
    attention = attention_of(scores, parameters.null_score)
    if parameters.cell == "linear":
        contributions = traced_shares(parameters, piece_ids, attention)
    else:
        shares = product(parameters.head_weight_q8, states_q8) * parameters.head_scale  # [T, C]
        contributions = attention[:, None] * shares
    logits = sum_in_order(contributions, start=parameters.head_bias)
    return Forward(
        logits=logits[None],
        probabilities=answer_of(logits, parameters.output)[None],
        scores=scores,
        attention=attention,
        contributions=contributions,
    )


def _attention_scores(parameters: StudentParameters, states_q8: Int8Array) -> Float32Array:
    units = tanh(product(parameters.attention_weight_q8, states_q8) * parameters.attention_scale)
    return lane_sum(parameters.attention_vector * units)


def attention_of(scores: Float32Array, null_score: Float32Array) -> Float32Array:
    """Return softmax over the null score [1] and the scores [T], without the null score's value."""
    return softmax(np.concatenate([null_score, scores]))[1:]


def softmax(values: Float32Array) -> Float32Array:
    """Return the softmax of one vector; the sum runs in order."""
    exponentials = exp(values - values.max())
    return exponentials / sum_in_order(exponentials)


def sigmoid(values: Float32Array) -> Float32Array:
    """Return 1 / (1 + exp(-v)) of each value; below 0, exp(v) / (1 + exp(v))."""
    exponentials = exp(-np.abs(values))
    tops = np.where(values < 0, exponentials, np.float32(1.0))
    probabilities: Float32Array = tops / (np.float32(1.0) + exponentials)
    return probabilities


def answer_of(logits: Float32Array, output: str) -> Float32Array:
    """Return the answer [C] to one text: probabilities, or the logit itself if it is a number."""
    if output == "number":
        return logits
    return sigmoid(logits) if output == "sigmoid" else softmax(logits)


def _concatenate(parts: list[Float32Array], empty_shape: tuple[int, ...]) -> Float32Array:
    return np.concatenate(parts) if parts else np.zeros(empty_shape, np.float32)
