"""Words weighed by gates: the closed form against sums, at its edges, and natively."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tiny_students import random_model

from dixtill.runtime.classifier import Classifier
from dixtill.specification import reference

TEXT = "Apple shares jumped after record earnings, é 中 $ up"


@pytest.mark.parametrize("exponent", [*range(0, 60, 3), 300, 1000])
def test_the_logarithm_is_the_librarys_but_for_rounding(exponent):
    for mantissa in (1.0, 0.75, 0.5000001, 0.99999999):
        x = math.ldexp(mantissa, -exponent)
        assert reference.minus_log(x) == pytest.approx(-math.log(x), rel=2e-15, abs=3e-16)


def by_opening(contributed: list[float], attention: list[float]) -> list[float]:
    """The derivatives at 20,000 openings of all gates, by differences of one gate."""

    def logit(gates: np.ndarray) -> np.ndarray:  # of [..., words]
        opened = gates @ np.array(attention)
        return (gates @ np.array(contributed)) / (1 - sum(attention) + opened)

    steps = (np.arange(20_000) + 0.5) / 20_000
    found = []
    for word in range(len(contributed)):
        change = 1e-4 * np.eye(len(contributed))[word]
        gates = np.repeat(steps[:, None], len(contributed), axis=1)
        found.append(float(((logit(gates + change) - logit(gates - change)) / 2e-4).mean()))
    return found


@pytest.mark.parametrize("of_null", [0.9, 0.5, 0.1, 0.01])
def test_weights_are_integrals_of_derivatives(of_null):
    contributed = [0.7, -0.2, 1.5, 0.0]
    attention = [share * (1 - of_null) for share in (0.4, 0.3, 0.1, 0.2)]
    expected = by_opening(contributed, attention)
    assert reference.gate_weights(contributed, attention) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("attended", [1e-12, 1e-7, 2.0**-20, 1e-4, 0.3, 0.999, 1 - 1e-9])
def test_weights_add_up_to_what_was_contributed(attended):
    contributed = [0.7, -0.2, 1.5]
    attention = [attended * share for share in (0.5, 0.2, 0.3)]
    assert sum(reference.gate_weights(contributed, attention)) == pytest.approx(2.0, rel=2e-6)


def test_the_factors_have_their_limits_where_little_is_attended():
    for attended in (0.0, 1e-30, 2.0**-20, 1e-5):
        assert reference.gate_factors(attended) == pytest.approx((1.0, 0.5), rel=1e-5)


def test_the_factors_are_finite_where_nothing_is_left_of_the_null_score():
    for attended in (1.0, 1.0 + 1e-7, 1 - 2.0**-50):
        own, common = reference.gate_factors(attended)
        assert own == pytest.approx(40 * math.log(2), rel=1e-6)
        assert common == pytest.approx(40 * math.log(2) - 1, rel=1e-6)


def test_a_word_of_the_mean_counts_for_nothing_without_a_null_score():
    """Opening all gates a little then equals opening them wholly, so only differences count."""
    attention = [0.5, 0.3, 0.2]
    weights = reference.gate_weights(
        [2 * a for a in attention], [a * (1 - 1e-9) for a in attention]
    )
    assert weights == pytest.approx([2 * a for a in attention], rel=1e-6)
    first, second = reference.gate_weights([0.6, 0.4], [0.5, 0.5 - 1e-9])
    assert first > 1 > 0 > second  # 0.5 each would be the mean


@pytest.mark.parametrize("null_score", [-1e25, -30.0, -5.0, 0.0, 5.0, 30.0, 1e25])
def test_the_native_weights_are_the_specifications_for_any_null_score(null_score):
    model = random_model(explanation="gates")
    weights = replace(model.parameters, null_score=np.array([null_score], np.float32))
    model = replace(model, parameters=weights)
    read = model.tokenizer().read(TEXT, model.settings.cleaning)
    forward = reference.forward(
        weights, np.array(read.piece_ids, np.int32), np.array([0, len(read.piece_ids)])
    )
    expected = reference.word_weights(forward, read.word_of_piece, len(read.spans), "gates")
    found = [word.weight for word in Classifier(model)(TEXT).words]
    assert found == expected
    assert len(found) > 5
    assert np.isfinite(found).all()
