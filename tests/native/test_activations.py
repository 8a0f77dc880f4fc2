"""The specification's own tanh, exp and cells against float64.

The native ones equal them through test_forward.
"""

from __future__ import annotations

import numpy as np
import pytest

from dixtill.specification import arithmetic, cells

pytestmark = pytest.mark.python_only


def every_float(low: float, high: float) -> np.ndarray:
    """Every 97th positive float32 from low to high, and both ends."""
    first, last = np.array([low, high], np.float32).view(np.int32)
    bits = np.append(np.arange(first, last, 97, dtype=np.int32), last)
    return bits.view(np.float32)


@pytest.fixture(scope="module")
def positive() -> np.ndarray:
    return every_float(1e-10, 3e38)


def test_tanh_is_within_its_stated_error(positive):
    error = np.abs(arithmetic.tanh(positive) - np.tanh(positive.astype(np.float64)))
    assert 4.3e-5 < error.max() <= 4.5e-5


def test_tanh_is_odd_and_stays_within_one(positive):
    result = arithmetic.tanh(positive)
    assert (arithmetic.tanh(-positive) == -result).all()
    assert result.max() < 0.99997
    assert arithmetic.tanh(np.float32([np.inf, -np.inf, 0, -0.0])).tolist() == [
        result[-1], -result[-1], 0.0, -0.0
    ]  # fmt: skip


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x.astype(np.float64)))


def test_an_lstm_cell_is_within_its_stated_error():
    rng = np.random.default_rng(0)
    gates = rng.normal(size=(4, 100_000), scale=4).astype(np.float32)
    cell = rng.normal(size=100_000, scale=2).astype(np.float32)
    i, f, o = (sigmoid(gates[k]) for k in (0, 1, 3))
    exact_cell = f * cell + i * np.tanh(gates[2].astype(np.float64))
    actual_cell, scaled_hidden = cells.lstm_cell(gates, cell)
    exact_hidden = o * np.tanh(exact_cell)
    assert (np.abs(actual_cell - exact_cell) / (1 + np.abs(cell))).max() <= 7e-5
    assert np.abs(scaled_hidden / 127 - exact_hidden).max() <= 3e-4
    assert np.abs(scaled_hidden).max() < 127.01


def test_a_gru_cell_is_within_its_stated_error():
    rng = np.random.default_rng(0)
    gates = rng.normal(size=(4, 100_000), scale=4).astype(np.float32)
    state = rng.uniform(-1, 1, 100_000).astype(np.float32)
    reset, update = sigmoid(gates[0]), sigmoid(gates[1])
    candidate = np.tanh(gates[2].astype(np.float64) + reset * gates[3])
    exact = (1 - update) * candidate + update * state
    error = np.abs(cells.gru_cell(gates, state) - exact)
    assert 5e-5 < error.max() <= 4e-4


def test_a_linear_step_is_within_its_stated_error():
    """One unit and a weight of zero, so that a gate's input is the bias."""
    rng = np.random.default_rng(0)
    z, n = rng.normal(size=(2, 2000), scale=4).astype(np.float32)
    nothing = np.zeros((1, 1), np.int8)
    gates = cells.Direction(
        np.zeros((4000, 2), np.int8), np.ones(4000, np.float32), np.concatenate([z, n])
    )
    (kept,), (added,) = cells.linear_steps(gates, nothing)
    share = sigmoid(z)
    assert 1e-5 < np.abs(kept - (1 - share)).max() <= 3e-5
    assert 1e-5 < np.abs(added - share * np.tanh(n.astype(np.float64))).max() <= 7e-5


def test_exp_is_within_its_stated_error():
    x = np.concatenate([-every_float(1e-10, 87), every_float(1e-10, 88)])
    exact = np.exp(x.astype(np.float64))
    assert np.abs(arithmetic.exp(x) / exact - 1).max() <= 1.9e-7
    assert arithmetic.exp(np.float32([0.0]))[0] == 1.0


def test_exp_of_a_hopeless_score_is_a_small_normal_number():
    result = arithmetic.exp(np.float32([-1e30, -np.inf]))
    assert (result == arithmetic.exp(np.float32([-87.0]))).all()
    assert (result >= np.finfo(np.float32).tiny).all()


def test_the_lane_sum_has_the_documented_order():
    """Numbers so far apart that each other order of adding gives another sum."""
    values = np.array([1e8, 3, -1e8, 5, 1.5, 7e7, 9, -7e7, 11, 2.5e-1], np.float32)
    lanes = np.zeros(8, np.float32)
    for j, value in enumerate(values):
        lanes[j % 8] += value
    pairs = lanes[:4] + lanes[4:]
    expected = (pairs[0] + pairs[2]) + (pairs[1] + pairs[3])
    assert arithmetic.lane_sum(values) == expected
    assert arithmetic.lane_sum(values) != np.float32(values.astype(np.float64).sum())
