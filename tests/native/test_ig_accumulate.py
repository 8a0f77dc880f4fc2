"""The integrated-gradients accumulator against its specification and against float64."""

from __future__ import annotations

import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_students import SEEDS, same_bits

from dixtill.errors import InputError
from dixtill.specification import reference
from dixtill.specification.kernels import ig_accumulate

per_target = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=examples(60),
)


def random_inputs(steps, texts, tokens, width, words, seed):
    """Gradients, step weights, delta and word index, with padding of NaN at the texts' ends."""
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(steps, texts, tokens, width)).astype(np.float32)
    delta = rng.normal(size=(texts, tokens, width)).astype(np.float32)
    step_weights = rng.random(steps).astype(np.float32)
    word_index = rng.integers(0, words, (texts, tokens), dtype=np.int32)
    for b in range(texts):
        length = rng.integers(0, tokens + 1)
        word_index[b, length:] = -1
        gradients[:, b, length:] = np.nan
        delta[b, length:] = np.nan
    return gradients, step_weights, delta, word_index


def in_float64(gradients, step_weights, delta, word_index, num_words):
    tokens = np.einsum(
        "sbtd,s,btd->bt",
        np.nan_to_num(gradients).astype(np.float64),
        step_weights.astype(np.float64),
        np.nan_to_num(delta).astype(np.float64),
    )
    attributions = np.zeros((len(tokens), num_words))
    for b, t in np.argwhere(word_index >= 0):
        attributions[b, word_index[b, t]] += tokens[b, t]
    return attributions


@per_target
@given(
    steps=st.integers(0, 6), texts=st.integers(0, 4), tokens=st.integers(0, 9),
    width=st.integers(0, 50), words=st.integers(1, 9), seed=SEEDS,
)  # fmt: skip
def test_a_target_gives_the_bits_of_the_specification(
    target, steps, texts, tokens, width, words, seed
):
    inputs = random_inputs(steps, texts, tokens, width, words, seed)
    expected = reference.ig_accumulate(*inputs, words)
    actual = ig_accumulate(*inputs, words, target=target)
    assert same_bits(actual, expected)
    np.testing.assert_allclose(actual, in_float64(*inputs, words), rtol=1e-4, atol=2e-4)


def test_real_sizes_agree_with_float64(target):
    inputs = random_inputs(steps=12, texts=3, tokens=20, width=384, words=15, seed=1)
    actual = ig_accumulate(*inputs, 15, target=target)
    np.testing.assert_allclose(actual, in_float64(*inputs, 15), rtol=1e-4, atol=1e-3)


def test_chunks_over_the_steps_add_up(target):
    gradients, step_weights, delta, word_index = random_inputs(8, 3, 10, 20, 7, seed=2)
    whole = ig_accumulate(gradients, step_weights, delta, word_index, 7, target=target)
    parts = [
        ig_accumulate(gradients[s], step_weights[s], delta, word_index, 7, target=target)
        for s in (slice(0, 3), slice(3, 8))
    ]
    np.testing.assert_allclose(parts[0] + parts[1], whole, rtol=1e-4, atol=1e-4)


def test_arrays_need_not_be_contiguous(target):
    inputs = random_inputs(4, 2, 5, 9, 3, seed=3)
    strided = [np.asfortranarray(array) for array in inputs]
    expected = ig_accumulate(*inputs, 3, target=target)
    assert same_bits(ig_accumulate(*strided, 3, target=target), expected)


def test_the_word_index_may_be_int64(target):
    *floats, word_index = random_inputs(4, 2, 5, 9, 3, seed=4)
    expected = ig_accumulate(*floats, word_index, 3, target=target)
    assert same_bits(
        ig_accumulate(*floats, word_index.astype(np.int64), 3, target=target), expected
    )


def test_a_word_index_out_of_range_is_refused(target):
    *floats, word_index = random_inputs(2, 2, 5, 4, 3, seed=5)
    for value in (3, -2):
        word_index[1, 2] = value
        message = rf"word_index\[1, 2\] is {value}, expected -1 \(padding\) to 2"
        with pytest.raises(InputError, match=message):
            ig_accumulate(*floats, word_index, 3, target=target)


def test_a_wrong_shape_or_type_is_refused():
    gradients, step_weights, delta, word_index = random_inputs(2, 2, 5, 4, 3, seed=6)
    with pytest.raises(InputError, match=r"delta has shape \[2, 5\], expected \[2, 5, 4\]"):
        ig_accumulate(gradients, step_weights, delta[..., 0], word_index, 3)
    with pytest.raises(InputError, match=r"step_weights has shape \[1\], expected \[2\]"):
        ig_accumulate(gradients, step_weights[:1], delta, word_index, 3)
    with pytest.raises(InputError, match=r"word_index has shape \[1, 5\], expected \[2, 5\]"):
        ig_accumulate(gradients, step_weights, delta, word_index[:1], 3)
    with pytest.raises(InputError, match=r"expected \[S, B, T, D\]"):
        ig_accumulate(gradients[0], step_weights, delta, word_index, 3)
    with pytest.raises(InputError, match="gradients is an array of float64, expected a float32"):
        ig_accumulate(gradients.astype(float), step_weights, delta, word_index, 3)
    with pytest.raises(InputError, match="word_index is an array of float32, expected an array"):
        ig_accumulate(gradients, step_weights, delta, word_index.astype(np.float32), 3)
    with pytest.raises(InputError, match="num_words is -1"):
        ig_accumulate(gradients, step_weights, delta, word_index, -1)
