"""Compares the threshold chosen for a precision with the best of all thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from dixtill.distillation.measures.abstention import abstention_at, choose_threshold
from dixtill.errors import InputError


def two_classes(tops, rights):
    """Probabilities with class 1 on top, and labels that are 1 where that is right."""
    top = np.array(tops)
    return np.stack([1 - top, top], axis=1), [int(right) for right in rights]


@given(
    st.lists(st.tuples(st.integers(501, 1000), st.booleans()), min_size=1, max_size=30),
    st.sampled_from([0.5, 0.8, 0.9, 1.0]),
)
@settings(deadline=None)
def test_no_threshold_of_that_precision_answers_more(texts, target):
    probabilities, labels = two_classes([t / 1000 for t, _ in texts], [r for _, r in texts])
    # Between two of the probabilities, all thresholds answer the same texts.
    every = [abstention_at(t / 1000, probabilities, labels) for t in {t for t, _ in texts}]
    good = [found for found in every if found.num_answered and found.precision >= target]
    if not good:
        with pytest.raises(InputError, match="no threshold has a precision"):
            choose_threshold(target, probabilities, labels)
        return
    found = choose_threshold(target, probabilities, labels)
    assert found == abstention_at(found.threshold, probabilities, labels)
    assert found.precision >= target
    assert found.num_answered == max(one.num_answered for one in good)


def test_the_threshold_is_the_number_of_fewest_decimals():
    probabilities, labels = two_classes([0.97, 0.934567, 0.91234], [1, 1, 0])
    assert choose_threshold(1.0, probabilities, labels).threshold == 0.93


def test_the_interval_is_clopper_and_pearsons():
    probabilities, labels = two_classes([0.9] * 20 + [0.6] * 5, [1] * 18 + [0] * 7)
    found = abstention_at(0.8, probabilities, labels)
    assert (found.num_answered, found.coverage, found.precision) == (20, 0.8, 0.9)
    assert found.precision_low == pytest.approx(beta.ppf(0.025, 18, 3))
    assert found.precision_high == pytest.approx(beta.ppf(0.975, 19, 2))


def test_nothing_is_answered_above_every_probability():
    found = abstention_at(1.0, *two_classes([0.9], [1]))
    assert (found.num_answered, found.coverage) == (0, 0.0)
    assert found.precision is found.precision_low is found.precision_high is None


@pytest.mark.parametrize("target", [0.0, -1, 1.5, float("nan")])
def test_a_target_is_a_share_above_zero(target):
    with pytest.raises(InputError, match="expected a share above 0 and at most 1"):
        choose_threshold(target, *two_classes([0.9], [1]))


def test_texts_that_are_not_familiar_are_not_answered():
    probabilities, labels = two_classes([0.99, 0.97, 0.93, 0.91, 0.9], [0, 1, 1, 1, 0])
    is_familiar = np.array([False, True, True, False, True])
    found = choose_threshold(1.0, probabilities, labels, is_familiar)
    assert found == abstention_at(found.threshold, probabilities, labels, is_familiar)
    assert (found.num_answered, found.coverage, found.precision) == (2, 0.4, 1.0)
    assert 0.9 < found.threshold <= 0.93
    with pytest.raises(InputError, match="none of the texts is familiar"):
        choose_threshold(1.0, probabilities, labels, ~is_familiar & is_familiar)
