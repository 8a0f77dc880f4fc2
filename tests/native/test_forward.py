"""The native forward against its NumPy specification: the same bits, whatever the shape."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_students import (
    LENGTHS,
    SEEDS,
    SIZES,
    Sizes,
    assert_same_bits,
    kernel_of,
    random_batch,
    random_student,
    same_bits,
)

from dixtill.errors import InputError
from dixtill.specification import kernels, reference
from dixtill.specification.parameters import NO_NULL_SCORE, StudentParameters, pack_nibbles

per_target = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=examples(60),
)
# Four weights of 32 sum to the 128 that a target may rely on; with 33 it must not.
LARGEST = st.sampled_from([32, 33, 127])
BITS = st.sampled_from([4, 8])
SHIPPED = Sizes(num_pieces=300, embedding_dim=50, hidden_dim=50, attention_dim=100, num_classes=3)


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


@pytest.mark.parametrize("hidden_dim", [1, 7, 8, 9, 50, 64])
def test_each_remainder_of_the_hidden_width_is_computed(target, hidden_dim):
    sizes = Sizes(20, 50, hidden_dim, 2 * hidden_dim, 3)
    weights = random_student(sizes, seed=hidden_dim)
    batch = random_batch(20, [0, 1, 2, 33], seed=1)
    expected = reference.forward(weights, *batch)
    assert_same_bits(kernel_of(weights, target)(*batch), expected)


def test_a_long_text_gives_the_bits_of_the_specification(target):
    weights = random_student(SHIPPED, seed=2)
    batch = random_batch(SHIPPED.num_pieces, [3000], seed=2)
    expected = reference.forward(weights, *batch)
    assert_same_bits(kernel_of(weights, target)(*batch), expected)


@per_target
@given(seed=SEEDS, lengths=st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_batch_size_and_order_never_change_a_bit(target, seed, lengths):
    kernel = kernel_of(random_student(SHIPPED, seed=3), target)
    ids, offsets = random_batch(SHIPPED.num_pieces, lengths, seed)
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


def test_contributions_and_bias_sum_to_the_logits(target):
    weights = random_student(SHIPPED, seed=4)
    result = kernel_of(weights, target)(*random_batch(300, [37], seed=4))
    total = weights.head_bias
    for contribution in result.contributions:
        total = total + contribution
    assert same_bits(total, result.logits[0])


def test_probabilities_sum_to_one(target):
    kernel = kernel_of(random_student(SHIPPED, seed=5), target)
    result = kernel(*random_batch(300, [20, 0, 15], seed=5))
    np.testing.assert_allclose(result.probabilities.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("null_score", [-3.0, 0.0, 3.0, 20.0])
def test_attention_is_softmax_over_the_null_score_and_the_pieces(target, null_score):
    weights = with_null_score(random_student(SHIPPED, seed=5), null_score)
    result = kernel_of(weights, target)(*random_batch(300, [20, 15], seed=5))
    for rows in (slice(20), slice(20, 35)):
        exponentials = np.exp(result.scores[rows].astype(np.float64))
        expected = exponentials / (np.exp(null_score) + exponentials.sum())
        np.testing.assert_allclose(result.attention[rows], expected, rtol=1e-5)
        assert result.attention[rows].sum() < 1


@pytest.mark.parametrize("length", [1, 7, 8, 9, 40])
def test_without_a_null_score_attention_is_softmax_to_the_last_bit(target, length):
    weights = with_null_score(random_student(SHIPPED, seed=5), NO_NULL_SCORE)
    result = kernel_of(weights, target)(*random_batch(300, [length], seed=length))
    assert same_bits(result.attention, reference.softmax(result.scores))


@pytest.mark.parametrize("null_score", [NO_NULL_SCORE, -100.0, 100.0, -NO_NULL_SCORE])
def test_an_extreme_null_score_gives_the_bits_of_the_specification(target, null_score):
    weights = with_null_score(random_student(SHIPPED, seed=6), null_score)
    batch = random_batch(300, [0, 1, 8, 30], seed=6)
    expected = reference.forward(weights, *batch)
    assert_same_bits(kernel_of(weights, target)(*batch), expected)
    assert np.isfinite(expected.logits).all()


@pytest.mark.parametrize("null_score", [NO_NULL_SCORE, 0.5])
def test_an_empty_text_gets_the_bias(target, null_score):
    weights = with_null_score(random_student(SHIPPED, seed=6), null_score)
    result = kernel_of(weights, target)([], [0, 0])
    assert same_bits(result.logits[0], weights.head_bias)
    assert result.scores.shape == (0,)
    assert result.contributions.shape == (0, 3)


def test_an_empty_batch_is_answered(target):
    result = kernel_of(random_student(SHIPPED, seed=7), target)([], [0])
    assert result.logits.shape == (0, 3)


def test_the_packed_weights_are_those_of_every_target():
    weights = random_student(SHIPPED, seed=8)
    packed = kernels.pack_parameters(weights)
    assert packed.ctypes.data % 64 == 0
    assert packed.size % 64 == 0
    assert same_bits(packed, kernels.pack_parameters(weights))


def test_weights_need_not_be_contiguous(target):
    weights = random_student(SHIPPED, seed=9)
    strided = type(weights)(
        **{
            name: np.repeat(getattr(weights, name), 2, axis=0)[::2]
            for name in weights.__dataclass_fields__
        }
    )
    batch = random_batch(SHIPPED.num_pieces, [5], seed=9)
    assert_same_bits(
        kernel_of(strided, target)(*batch),
        kernel_of(weights, target)(*batch),
    )


@pytest.mark.parametrize(
    ("piece_ids", "offsets", "message"),
    [
        ([1, 300, 2], [0, 3], r"piece_ids\[1\] is 300, expected 0 to 299"),
        ([1, 2, -1], [0, 3], r"piece_ids\[2\] is -1, expected 0 to 299"),
        ([1, 2**40], [0, 2], r"piece_ids\[1\] is 1099511627776, which does not fit in int32"),
        ([1, 2, 3], [1, 3], r"offsets\[0\] is 1, expected 0"),
        ([1, 2, 3], [0, 2], r"offsets\[1\] is 2, expected the number of piece ids, 3"),
        ([1, 2, 3], [0, 2, 1, 3], r"offsets\[2\] is 1, less than the one before it, 2"),
        ([1, 2, 3], [0, 9, 3], r"offsets\[2\] is 3, less than the one before it, 9"),
        ([1, 2, 3], [], "offsets are empty"),
        ([1.0, 2.0], [0, 2], "piece_ids is an array of float64, expected an array of integers"),
        ([[1, 2]], [0, 2], r"piece_ids has shape \[1, 2\], expected one dimension"),
    ],
)
def test_a_wrong_batch_is_refused_with_its_position_and_value(target, piece_ids, offsets, message):
    kernel = kernel_of(random_student(SHIPPED, seed=10), target)
    with pytest.raises(InputError, match=message):
        kernel(piece_ids, offsets)


def test_damaged_packed_weights_are_refused(target):
    weights = random_student(SHIPPED, seed=11)
    packed = kernels.pack_parameters(weights)

    def run(buffer: np.ndarray) -> None:
        kernels.forward(buffer, weights.embedding_q8, [1, 2], [0, 2], target)

    run(packed)
    with pytest.raises(InputError, match=rf"have {packed.size - 64} bytes, expected {packed.size}"):
        run(packed[:-64])
    with pytest.raises(InputError, match="have 10 bytes, less than their header"):
        run(packed[:10])
    with pytest.raises(InputError, match="not aligned to four bytes"):
        run(np.append(packed, packed[:1])[1:])
    with pytest.raises(InputError, match="embedding_dim is 0, expected 1 to"):
        run(np.zeros_like(packed))
    for offset, message in [(0, "bytes, expected"), (8, "bytes, expected"), (6, "expected 1 to")]:
        damaged = packed.copy()
        damaged[offset] = 255
        with pytest.raises(InputError, match=message):
            run(damaged)


def test_an_embedding_of_another_width_is_refused(target):
    weights = random_student(SHIPPED, seed=12)
    narrow = np.ascontiguousarray(weights.embedding_q8[:, :-1])
    with pytest.raises(
        InputError, match="the embedding has 49 bytes a row, the packed parameters expect 50"
    ):
        kernels.forward(kernels.pack_parameters(weights), narrow, [0], [0, 1], target)


def test_an_embedding_of_4_bits_takes_half_the_bytes_and_no_other_width(target):
    weights = random_student(SHIPPED, seed=12, bits=4)
    packed = kernels.pack_parameters(weights)
    rows = pack_nibbles(weights.embedding_q8)
    assert rows.shape == (SHIPPED.num_pieces, 25)
    with pytest.raises(InputError, match="24 bytes a row, the packed parameters expect 25"):
        kernels.forward(packed, rows[:, :24].copy(), [0], [0, 1], target)
    with pytest.raises(InputError, match="not a contiguous matrix of int8 or uint8"):
        kernels.forward(packed, rows.astype(np.int16), [0], [0, 1], target)


def test_threads_share_a_kernel(target):
    kernel = kernel_of(random_student(SHIPPED, seed=13), target)
    batch = random_batch(SHIPPED.num_pieces, [30] * 20, seed=13)
    expected = kernel(*batch)
    results = []
    threads = [threading.Thread(target=lambda: results.append(kernel(*batch))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        assert_same_bits(result, expected)


def test_other_threads_run_while_the_kernel_computes():
    weights = random_student(SHIPPED, seed=0)
    kernel = kernel_of(weights, "scalar")
    piece_ids, offsets = random_batch(SHIPPED.num_pieces, [400] * 20, seed=0)
    thread = threading.Thread(target=kernel, args=(piece_ids, offsets))
    thread.start()
    num_ticks = 0
    while thread.is_alive():  # with the lock held, this loop would turn once or twice
        time.sleep(0.001)
        num_ticks += 1
    assert num_ticks > 10
