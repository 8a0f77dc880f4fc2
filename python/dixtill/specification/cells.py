"""Specifies the recurrent cells: how the vectors of a text's pieces become hidden states.

A student reads a text forward, or in both directions, with cells of one kind, each with parameters
of its own. In the shapes there are T pieces, embedding width d and H units.

    lstm    long short-term memory (Hochreiter and Schmidhuber 1997), gates i, f, g, o
    gru     gated recurrent unit, reset after the product (Cho et al. 2014), gates r, z, n
    linear  gates of two neighboring pieces alone, so the recurrence is linear in the state (minGRU,
            Feng et al. 2024; the window as in QRNN, Bradbury et al. 2017), gates z, n
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np

from .arithmetic import Int32Array, lane_sum, product, quantize, tanh_ratio
from .parameters import Direction, Float32Array, Int8Array, StudentParameters

_HALF = np.float32(0.5)
_LARGEST = np.float32(127.0)  # a state of 1 as int8


class LinearSteps(NamedTuple):
    """What each step of a linear cell does: state = kept * state + added."""

    kept: Float32Array  # [T, H]
    added: Float32Array  # [T, H]


def hidden_states(parameters: StudentParameters, piece_ids: Int32Array) -> Int8Array:
    """Return the states [T, DH] of D directions, the forward one first; 127 stands for 1."""
    run = {"lstm": _lstm, "gru": _gru, "linear": _linear}[parameters.cell]
    inputs_q8 = parameters.embedding_q8[piece_ids]  # [T, d]
    states = [run(way, inputs_q8[order])[order] for way, order in _ways(parameters)]
    return np.concatenate(states, axis=1)


def traced_shares(
    parameters: StudentParameters, piece_ids: Int32Array, attention: Float32Array
) -> Float32Array:
    """Return each piece's exact share of each logit [T, C], for linear cells.

    The state at t is the sum of what earlier steps s added, times what the steps in between kept.
    So the logit sum_t attention_t (w . state_t) is a sum over s of added_s . g_s, with

        g_s = attention_s w + kept_{s+1} g_{s+1}

    which one pass against the direction of reading computes. The states are not rounded here.
    """
    inputs_q8 = parameters.embedding_q8[piece_ids]
    ways = _ways(parameters)
    weights = np.split(parameters.head_weight_q8.astype(np.float32), len(ways), axis=1)  # [C, H]
    traced = [
        _trace(linear_steps(way, inputs_q8[order]), weights_of_way, attention[order])[order]
        for (way, order), weights_of_way in zip(ways, weights, strict=True)
    ]
    shares: Float32Array = reduce(np.add, traced) * (parameters.head_scale * _LARGEST)
    return shares


def _trace(steps: LinearSteps, weights: Float32Array, attention: Float32Array) -> Float32Array:
    """Return added_s . g_s of one direction [T, C], for the head's weights [C, H]."""
    shares = np.zeros((len(attention), len(weights)), np.float32)
    reached = np.zeros_like(weights)  # kept_{s+1} g_{s+1}
    for s in reversed(range(len(attention))):
        reached = attention[s] * weights + reached
        shares[s] = lane_sum(steps.added[s] * reached)
        reached = steps.kept[s] * reached
    return shares


def lstm_cell(gates: Float32Array, cell: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Return the next cell and 127 times the hidden state, [H] each; gates i, f, g, o are [4, H].

    cell = sigmoid(f) cell + sigmoid(i) tanh(g) and hidden = sigmoid(o) tanh(cell), each over one
    denominator, with sigmoid(z) = (bottom + top) / (2 bottom) of the ratio for z / 2. This takes
    two divisions; computing each gate by itself would take five.
    """
    i_top, i_bottom = tanh_ratio(_HALF * gates[0])
    f_top, f_bottom = tanh_ratio(_HALF * gates[1])
    g_top, g_bottom = tanh_ratio(gates[2])
    o_top, o_bottom = tanh_ratio(_HALF * gates[3])
    shared = i_bottom * g_bottom
    kept = ((f_bottom + f_top) * cell) * shared
    added = ((i_bottom + i_top) * g_top) * f_bottom
    bottom = f_bottom * shared
    cell = (kept + added) / (bottom + bottom)
    c_top, c_bottom = tanh_ratio(cell)
    top = (o_bottom + o_top) * c_top
    return cell, (top * np.float32(63.5)) / (o_bottom * c_bottom)


def gru_cell(gates: Float32Array, state: Float32Array) -> Float32Array:
    """Return the next state [H] of a GRU.

    gates [4, H] are r, z, and the two parts of n: what it reads from the input and from the state.
    state = (1 - sigmoid(z)) tanh(n_input + sigmoid(r) n_state) + sigmoid(z) state, over one
    denominator; sigmoid(r) takes a division of its own.
    """
    r_top, r_bottom = tanh_ratio(_HALF * gates[0])
    z_top, z_bottom = tanh_ratio(_HALF * gates[1])
    reset = (r_bottom + r_top) / (r_bottom + r_bottom)
    n_top, n_bottom = tanh_ratio(gates[2] + reset * gates[3])
    added = (z_bottom - z_top) * n_top
    kept = ((z_bottom + z_top) * state) * n_bottom
    next_state: Float32Array = (added + kept) / ((z_bottom + z_bottom) * n_bottom)
    return next_state


def linear_steps(direction: Direction, inputs_q8: Int8Array) -> LinearSteps:
    """Return what the steps of a linear cell keep and add: 1 - sigmoid(z) and sigmoid(z) tanh(n).

    inputs_q8 [T, d] are in the order of reading. A step reads its piece and the one before it.
    """
    before = np.concatenate([np.zeros_like(inputs_q8[:1]), inputs_q8[:-1]])
    pairs = np.concatenate([inputs_q8, before], axis=1)  # [T, 2d]
    gates = product(direction.weight_q8, pairs) * direction.scale + direction.bias
    z, n = np.split(gates, 2, axis=1)
    z_top, z_bottom = tanh_ratio(_HALF * z)
    n_top, n_bottom = tanh_ratio(n)
    share = _HALF / (z_bottom * n_bottom)
    kept = ((z_bottom - z_top) * n_bottom) * share
    return LinearSteps(kept, ((z_bottom + z_top) * n_top) * share)


def _ways(parameters: StudentParameters) -> list[tuple[Direction, slice]]:
    """Return the student's directions, each with the order in which it reads.

    Taken twice, an order is that of time again.
    """
    orders = {"forward": slice(None), "backward": slice(None, None, -1)}
    return [(parameters.direction(way), orders[way]) for way in parameters.shape.ways]


def _lstm(direction: Direction, inputs_q8: Int8Array) -> Int8Array:
    """Return the hidden states [T, H] of one direction; inputs are [T, d]."""
    num_units = direction.scale.size // 4
    hidden_q8 = np.zeros(num_units, np.int8)
    cell = np.zeros(num_units, np.float32)
    states_q8 = np.zeros((len(inputs_q8), num_units), np.int8)
    for t, input_q8 in enumerate(inputs_q8):
        products = product(direction.weight_q8, np.concatenate([input_q8, hidden_q8]))
        gates = products * direction.scale + direction.bias
        cell, scaled_hidden = lstm_cell(gates.reshape(4, num_units), cell)
        states_q8[t] = hidden_q8 = quantize(scaled_hidden)
    return states_q8


def _gru(direction: Direction, inputs_q8: Int8Array) -> Int8Array:
    """Return the hidden states [T, H] of one direction; inputs are [T, d].

    The products of r and z are sums over input and state, as those of an LSTM. The two parts of n
    are products of the same row's columns, with the same scale and a bias each.
    """
    num_units, width = direction.scale.size // 3, inputs_q8.shape[1]
    of_input, of_state = np.split(direction.weight_q8, [width], axis=1)
    reset_and_update = slice(0, 2 * num_units)
    candidate = slice(2 * num_units, 3 * num_units)
    state = np.zeros(num_units, np.float32)
    states_q8 = np.zeros((len(inputs_q8), num_units), np.int8)
    state_q8 = np.zeros(num_units, np.int8)
    for t, input_q8 in enumerate(inputs_q8):
        both = np.concatenate([input_q8, state_q8])
        products = np.concatenate(
            [
                product(direction.weight_q8[reset_and_update], both),
                product(of_input[candidate], input_q8),
                product(of_state[candidate], state_q8),
            ]
        )
        scale = np.concatenate([direction.scale, direction.scale[candidate]])
        gates = products * scale + direction.bias
        state = gru_cell(gates.reshape(4, num_units), state)
        states_q8[t] = state_q8 = quantize(state * _LARGEST)
    return states_q8


def _linear(direction: Direction, inputs_q8: Int8Array) -> Int8Array:
    """Return the hidden states [T, H] of one direction; inputs are [T, d]."""
    num_units = direction.scale.size // 2
    state = np.zeros(num_units, np.float32)
    states_q8 = np.zeros((len(inputs_q8), num_units), np.int8)
    for t, (kept, added) in enumerate(zip(*linear_steps(direction, inputs_q8), strict=True)):
        state = kept * state + added
        states_q8[t] = quantize(state * _LARGEST)
    return states_q8
