"""Linear cells: contributions through the recurrence, states beyond one, and long texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from per_target import per_target
from random_students import (
    SEEDS,
    SHIPPED,
    SIZES,
    Sizes,
    assert_same_bits,
    kernel_of,
    random_batch,
    random_student,
)

from dixtill.specification import reference
from dixtill.specification.cells import linear_steps
from dixtill.specification.forward import Forward
from dixtill.specification.parameters import StudentParameters


def head_of(weights: StudentParameters) -> np.ndarray:
    """The head's weights for states up to 1, [DH, C]."""
    scale = 127.0 * weights.head_scale.astype(np.float64)
    head: np.ndarray = (weights.head_weight_q8 * scale[:, None]).T
    return head


def attended_states(
    weights: StudentParameters, ids: np.ndarray, attention: np.ndarray
) -> np.ndarray:
    """The sum of the states [DH], each times its attention, in float64 and without rounding."""
    rows = weights.embedding_q8[ids]
    ways = [(weights.direction("forward"), rows, attention)]
    if weights.directions == 2:
        ways.append((weights.direction("backward"), rows[::-1], attention[::-1]))
    sums = []
    for direction, inputs, shares in ways:
        state = np.zeros(weights.shape.hidden_dim)
        total = np.zeros_like(state)
        for kept, added, share in zip(*linear_steps(direction, inputs), shares, strict=True):
            state = kept.astype(np.float64) * state + added
            total += share * state
        sums.append(total)
    return np.concatenate(sums)


@per_target
@given(sizes=SIZES, seed=SEEDS, length=st.integers(0, 40))
def test_contributions_sum_to_what_the_states_give_to_the_logits(target, sizes, seed, length):
    weights = random_student(replace(sizes, cell="linear"), seed)
    ids, offsets = random_batch(sizes.num_pieces, [length], seed)
    result = kernel_of(weights, target)(ids, offsets)
    head = head_of(weights)
    expected = attended_states(weights, ids, result.attention) @ head
    summed = result.contributions.sum(axis=0, dtype=np.float64)
    tolerance = 1e-5 * (1 + np.abs(head).sum(axis=0))
    assert (np.abs(summed - expected) <= tolerance).all()
    assert (np.abs(summed + weights.head_bias - result.logits[0]) <= tolerance).all()


def student_that_keeps_almost_all() -> StudentParameters:
    """One unit: piece 0 takes its state to 1, and piece 1 keeps as much of it as a gate can."""
    weights = random_student(Sizes(2, 1, 1, 3, 2, "linear"), seed=14)
    direction = {
        "weight_q8": np.array([[127, 0], [0, 0]], np.int8),  # of z and n
        "scale": np.array([40 / 127**2, 1], np.float32),
        "bias": np.array([-10.048978, 9], np.float32),
    }
    return replace(
        weights,
        embedding_q8=np.array([[127], [0]], np.int8),
        **{f"{way}_{name}": array for way in ("forward", "backward")
           for name, array in direction.items()},
    )  # fmt: skip


def text_that_keeps_almost_all() -> tuple[np.ndarray, np.ndarray]:
    """Piece ids and offsets of one text: piece 0 at both ends, and piece 1 between them."""
    ids = np.ones(40_000, np.int32)
    ids[0] = ids[-1] = 0
    return ids, np.array([0, 40_000])


@pytest.fixture(scope="module")
def kept_almost_all() -> Forward:
    """What is specified for that student and text, for every target."""
    weights, (ids, offsets) = student_that_keeps_almost_all(), text_that_keeps_almost_all()
    ahead = weights.direction("forward")
    state = largest = np.zeros(1, np.float32)
    for kept, added in zip(*linear_steps(ahead, weights.embedding_q8[ids]), strict=True):
        state = kept * state + added
        largest = np.maximum(largest, state)
    assert 127.5 < 127 * largest < 128.1  # which would be 128, or -128 as int8
    return reference.forward(weights, ids, offsets)


@pytest.mark.slow
def test_a_state_that_rounding_takes_beyond_one_is_127(target, kept_almost_all):
    result = kernel_of(student_that_keeps_almost_all(), target)(*text_that_keeps_almost_all())
    assert_same_bits(result, kept_almost_all)


def test_what_a_piece_adds_reaches_the_logit_through_later_states():
    """A piece without attention of its own contributes; in pooled students it cannot."""
    weights = random_student(replace(SHIPPED, cell="linear"), seed=15)
    ids, offsets = random_batch(SHIPPED.num_pieces, [12], seed=15)
    result = kernel_of(weights)(ids, offsets)
    least = int(result.attention.argmin())
    pooled = np.abs(head_of(weights)).sum(axis=0) * result.attention[least]
    assert result.attention[least] < 1e-4
    assert np.abs(result.contributions[least]).max() > 10 * pooled.max()
