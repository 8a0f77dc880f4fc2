"""The native forward against its NumPy specification: the same bits, whatever the shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from per_target import per_target
from random_students import (
    LENGTHS,
    SEEDS,
    SHIPPED,
    SIZES,
    Sizes,
    assert_same_bits,
    kernel_of,
    random_batch,
    random_student,
    same_bits,
)

from dixtill.runtime.model_file.shape import CELLS
from dixtill.specification import reference
from dixtill.specification.parameters import NO_NULL_SCORE, StudentParameters

# Four weights of 32 sum to the 128 that a target may rely on; with 33 it must not.
LARGEST = st.sampled_from([32, 33, 127])
BITS = st.sampled_from([4, 8])


@pytest.fixture(params=CELLS)
def shipped(request: pytest.FixtureRequest) -> Sizes:
    """The shipped widths, for each cell."""
    return replace(SHIPPED, cell=request.param)


@pytest.mark.parametrize("cell", CELLS)
def test_one_direction_reads_as_both_do_whose_backward_states_nobody_reads(target, cell):
    """The answer to a student whose attention and head have zeros for the backward states."""
    weights = random_student(replace(SHIPPED, cell=cell), seed=20, largest=32)
    units = SHIPPED.hidden_dim
    attention_q8, head_q8 = weights.attention_weight_q8.copy(), weights.head_weight_q8.copy()
    attention_q8[:, units:], head_q8[:, units:] = 0, 0
    both = replace(weights, attention_weight_q8=attention_q8, head_weight_q8=head_q8)
    one = replace(
        weights,
        attention_weight_q8=attention_q8[:, :units].copy(),
        head_weight_q8=head_q8[:, :units].copy(),
        **dict.fromkeys(("backward_weight_q8", "backward_scale", "backward_bias")),
    )
    batch = random_batch(SHIPPED.num_pieces, [0, 1, 30], seed=20)
    assert_same_bits(kernel_of(one, target)(*batch), kernel_of(both, target)(*batch))


def test_one_direction_does_not_see_the_pieces_that_follow(target):
    """The scores of a text's beginning are those of the whole text."""
    kernel = kernel_of(random_student(replace(SHIPPED, directions=1), seed=21), target)
    ids, offsets = random_batch(SHIPPED.num_pieces, [20], seed=21)
    whole, begun = kernel(ids, offsets), kernel(ids[:12], [0, 12])
    assert same_bits(begun.scores, whole.scores[:12])
    turned = kernel(ids[::-1].copy(), offsets)
    assert not same_bits(turned.scores[::-1].copy(), whole.scores)


def with_null_score(weights: StudentParameters, null_score: float) -> StudentParameters:
    return replace(weights, null_score=np.full(1, null_score, np.float32))


@per_target
@given(sizes=SIZES, lengths=LENGTHS, seed=SEEDS, largest=LARGEST, bits=BITS)
def test_a_target_gives_the_bits_of_the_specification(target, sizes, lengths, seed, largest, bits):
    weights = random_student(sizes, seed, largest=largest, bits=bits)
    batch = random_batch(sizes.num_pieces, lengths, seed)
    expected = reference.forward(weights, *batch)
    assert_same_bits(kernel_of(weights, target)(*batch), expected)


@per_target
@given(
    sizes=SIZES,
    seed=SEEDS,
    spread=st.sampled_from([0.01, 1.0, 30.0, 1e6]),
    largest=LARGEST,
    bits=BITS,
)
def test_extreme_weights_and_saturated_gates_give_the_bits_of_the_specification(
    target, sizes, seed, spread, largest, bits
):
    weights = random_student(sizes, seed, extreme=True, spread=spread, largest=largest, bits=bits)
    batch = random_batch(sizes.num_pieces, [0, 9, 1], seed)
    expected = reference.forward(weights, *batch)
    assert_same_bits(kernel_of(weights, target)(*batch), expected)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("hidden_dim", [1, 7, 8, 9, 16, 17, 50, 64])
def test_each_remainder_of_the_hidden_width_is_computed(target, cell, hidden_dim):
    sizes = Sizes(20, 50, hidden_dim, 2 * hidden_dim, 3, cell)
    weights = random_student(sizes, seed=hidden_dim)
    batch = random_batch(20, [0, 1, 2, 33], seed=1)
    expected = reference.forward(weights, *batch)
    assert_same_bits(kernel_of(weights, target)(*batch), expected)


@pytest.mark.slow
def test_a_long_text_gives_the_bits_of_the_specification(target, shipped):
    weights = random_student(shipped, seed=2)
    batch = random_batch(shipped.num_pieces, [3000], seed=2)
    expected = reference.forward(weights, *batch)
    assert_same_bits(kernel_of(weights, target)(*batch), expected)


@pytest.mark.slow
@per_target
@given(seed=SEEDS, lengths=st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_batch_size_and_order_never_change_a_bit(target, shipped, seed, lengths):
    kernel = kernel_of(random_student(shipped, seed=3), target)
    ids, offsets = random_batch(shipped.num_pieces, lengths, seed)
    together = kernel(ids, offsets)
    order = np.random.default_rng(seed).permutation(len(lengths))
    texts = [ids[offsets[b] : offsets[b + 1]] for b in order]
    shuffled = kernel(np.concatenate(texts), np.cumsum([0, *(len(text) for text in texts)]))
    assert same_bits(shuffled.logits, together.logits[order])
    for b, text in enumerate(ids[offsets[b] : offsets[b + 1]] for b in range(len(lengths))):
        alone = kernel(text, [0, len(text)])
        rows = slice(offsets[b], offsets[b + 1])
        assert same_bits(alone.logits[0], together.logits[b])
        assert same_bits(alone.probabilities[0], together.probabilities[b])
        assert same_bits(alone.scores, together.scores[rows])
        assert same_bits(alone.attention, together.attention[rows])
        assert same_bits(alone.contributions, together.contributions[rows])


def test_contributions_and_bias_sum_to_the_logits(target, shipped):
    weights = random_student(shipped, seed=4)
    result = kernel_of(weights, target)(*random_batch(300, [37], seed=4))
    total = weights.head_bias
    for contribution in result.contributions:
        total = total + contribution
    assert same_bits(total, result.logits[0])


def test_probabilities_sum_to_one(target, shipped):
    kernel = kernel_of(random_student(shipped, seed=5), target)
    result = kernel(*random_batch(300, [20, 0, 15], seed=5))
    np.testing.assert_allclose(result.probabilities.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("null_score", [-3.0, 0.0, 3.0, 20.0])
def test_attention_is_softmax_over_the_null_score_and_the_pieces(target, shipped, null_score):
    weights = with_null_score(random_student(shipped, seed=5), null_score)
    result = kernel_of(weights, target)(*random_batch(300, [20, 15], seed=5))
    for rows in (slice(20), slice(20, 35)):
        exponentials = np.exp(result.scores[rows].astype(np.float64))
        expected = exponentials / (np.exp(null_score) + exponentials.sum())
        np.testing.assert_allclose(result.attention[rows], expected, rtol=1e-5)
        assert result.attention[rows].sum(dtype=np.float64) < 1 + 1e-6


@pytest.mark.parametrize("length", [1, 7, 8, 9, 40])
def test_without_a_null_score_attention_is_softmax_to_the_last_bit(target, shipped, length):
    weights = with_null_score(random_student(shipped, seed=5), NO_NULL_SCORE)
    result = kernel_of(weights, target)(*random_batch(300, [length], seed=length))
    assert same_bits(result.attention, reference.softmax(result.scores))


@pytest.mark.parametrize("null_score", [NO_NULL_SCORE, -100.0, 100.0, -NO_NULL_SCORE])
def test_an_extreme_null_score_gives_the_bits_of_the_specification(target, shipped, null_score):
    weights = with_null_score(random_student(shipped, seed=6), null_score)
    batch = random_batch(300, [0, 1, 8, 30], seed=6)
    expected = reference.forward(weights, *batch)
    assert_same_bits(kernel_of(weights, target)(*batch), expected)
    assert np.isfinite(expected.logits).all()


@pytest.mark.parametrize("null_score", [NO_NULL_SCORE, 0.5])
def test_an_empty_text_gets_the_bias(target, shipped, null_score):
    weights = with_null_score(random_student(shipped, seed=6), null_score)
    result = kernel_of(weights, target)([], [0, 0])
    assert same_bits(result.logits[0], weights.head_bias)
    assert result.scores.shape == (0,)
    assert result.contributions.shape == (0, 3)


def test_an_empty_batch_is_answered(target, shipped):
    result = kernel_of(random_student(shipped, seed=7), target)([], [0])
    assert result.logits.shape == (0, 3)


def test_weights_need_not_be_contiguous(target, shipped):
    weights = random_student(shipped, seed=9)
    strided = replace(
        weights,
        **{name: np.repeat(array, 2, axis=0)[::2] for name, array in weights.arrays().items()},
    )
    batch = random_batch(shipped.num_pieces, [5], seed=9)
    assert_same_bits(
        kernel_of(strided, target)(*batch),
        kernel_of(weights, target)(*batch),
    )
