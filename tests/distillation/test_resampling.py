"""Texts on which student and teacher differ come more often, as often as the shares say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dixtill.distillation.teaching.resampling import shares_by_divergence, systematic_sample

DIVERGENCES = st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=60).map(np.float32)


@given(DIVERGENCES)
def test_shares_are_probabilities_of_which_nobody_gets_less_than_half(divergences):
    shares = shares_by_divergence(divergences)
    assert shares.sum() == pytest.approx(1)
    assert (shares >= 0.5 / len(shares) * (1 - 1e-9)).all()
    assert (np.diff(shares[np.argsort(divergences, kind="stable")]) >= 0).all()


def test_shares_are_the_ones_on_paper():
    assert shares_by_divergence(np.float32([1, 0, 3, 0])) == pytest.approx(
        [1 / 8 + 1 / 8, 1 / 8, 1 / 8 + 3 / 8, 1 / 8]
    )
    assert shares_by_divergence(np.zeros(4)) == pytest.approx([1 / 4] * 4)


@pytest.mark.parametrize("far", [100.0, 1e9])
def test_one_text_that_is_far_off_does_not_fill_the_epoch(far):
    shares = shares_by_divergence(np.append(np.ones(999), far))
    # As if it were 8 times the mean, which it moves itself.
    expected = 8 * (999 + far) / 1000
    assert shares[-1] == pytest.approx(0.5 / 1000 + 0.5 * min(expected, far) / (999 + expected))


@settings(deadline=None)
@given(DIVERGENCES, st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_each_text_comes_as_often_as_its_share_says_to_less_than_one(divergences, count, seed):
    shares = shares_by_divergence(divergences)
    rows = systematic_sample(shares, count, np.random.default_rng(seed))
    times = np.bincount(rows, minlength=len(shares))
    assert len(rows) == count
    assert len(times) == len(shares)
    assert (np.abs(times - shares * count) < 1 + 1e-6).all()


def test_the_mean_over_draws_is_the_share():
    shares, rng = np.array([0.55, 0.3, 0.05, 0.1]), np.random.default_rng(0)
    rows = np.concatenate([systematic_sample(shares, 3, rng) for _ in range(4000)])
    assert np.bincount(rows) / len(rows) == pytest.approx(shares, abs=0.01)


def test_the_last_place_stays_within_the_rows():
    class Highest:
        def random(self) -> float:
            return float(np.nextafter(1.0, 0.0))

    rows = systematic_sample(np.full(3, 1 / 3), 72_000, Highest())
    assert rows.max() == 2
