"""Thresholds of labels, intervals of numbers, and their measures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score

from dixtill.distillation.measures.calibration_error import label_calibration_error
from dixtill.distillation.measures.decisions import decisions
from dixtill.distillation.measures.interval import conformal_half_width
from dixtill.distillation.measures.scores import label_scores, set_scores
from dixtill.distillation.measures.thresholds import thresholds_for_f1, thresholds_for_precision

RNG = np.random.default_rng(0)
PROBABILITIES = np.round(RNG.random((60, 4)), 2)  # some are equal
TARGETS = RNG.random((60, 4)) < PROBABILITIES**2
TARGETS[:, 3] = False


def test_no_threshold_has_a_better_f1():
    found = thresholds_for_f1(TARGETS, PROBABILITIES)
    assert found[3] == 0.5
    for k in range(3):
        own = f1_score(TARGETS[:, k], PROBABILITIES[:, k] >= found[k])
        others = [
            f1_score(TARGETS[:, k], PROBABILITIES[:, k] >= t, zero_division=0)
            for t in np.linspace(0, 1, 201)
        ]
        assert own == max(others)


def test_a_label_is_given_as_often_as_its_precision_allows():
    found = thresholds_for_precision(TARGETS, PROBABILITIES, 0.7)
    assert found[3] > 1.0  # so that no text gets the label
    for k in range(3):
        given = PROBABILITIES[:, k] >= found[k]
        assert precision_score(TARGETS[:, k], given) >= 0.7
        for lower in np.arange(0, found[k], 0.005):
            more = PROBABILITIES[:, k] >= lower
            assert more.sum() == given.sum() or precision_score(TARGETS[:, k], more) < 0.7


def test_a_precision_that_cannot_be_had_gives_no_text_the_label():
    """Even if wrong texts have a probability of exactly 1."""
    probabilities = np.array([[1.0], [1.0], [1.0], [0.2]] * 5, np.float32)
    targets = np.array([[False], [True], [False], [False]] * 5)
    (threshold,) = thresholds_for_precision(targets, probabilities, 0.9)
    assert not (probabilities >= threshold).any()


def test_the_scores_of_a_single_label_are_those_of_the_texts_that_have_it():
    (found,) = label_scores(TARGETS[:, :1], PROBABILITIES[:, :1], ("a",), [0.6])
    given = PROBABILITIES[:, 0] >= 0.6
    assert found.f1 == pytest.approx(f1_score(TARGETS[:, 0], given))
    assert found.precision == pytest.approx(precision_score(TARGETS[:, 0], given))
    assert found.rows == TARGETS[:, 0].sum()


def test_scores_at_given_thresholds_are_those_of_scikit_learn():
    thresholds = [0.3, 0.5, 0.7, 0.9]
    given = thresholds <= PROBABILITIES
    scores = set_scores(TARGETS, PROBABILITIES, thresholds)
    assert scores.micro_f1 == pytest.approx(f1_score(TARGETS, given, average="micro"))
    assert scores.macro_f1 == pytest.approx(
        f1_score(TARGETS, given, average="macro", zero_division=0)
    )
    labels = label_scores(TARGETS, PROBABILITIES, tuple("abcd"), thresholds)
    assert [label.f1 for label in labels] == pytest.approx(
        f1_score(TARGETS, given, average=None, zero_division=0).tolist()
    )
    assert [label.rows for label in labels] == TARGETS.sum(axis=0).tolist()


def test_the_calibration_error_of_labels_is_that_of_all_pairs():
    """The same as that of one binary classifier which answers each pair."""
    pairs, has = PROBABILITIES.ravel(), TARGETS.ravel()
    edges = np.ceil(pairs * 15)
    error = sum(
        (edges == edge).mean() * abs(has[edges == edge].mean() - pairs[edges == edge].mean())
        for edge in np.unique(edges)
    )
    assert label_calibration_error(PROBABILITIES, TARGETS) == pytest.approx(error)


@pytest.mark.parametrize("count", [9, 20, 99])
def test_an_interval_holds_nine_tenths_of_other_numbers(count):
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(400):
        errors = rng.standard_t(3, (count + 50, 1))
        width = conformal_half_width(errors[:count], np.zeros((count, 1)))
        covered.append(np.mean(np.abs(errors[count:]) <= width))
    assert 0.9 - 0.01 < np.mean(covered) < 0.9 + 1 / (count + 1) + 0.01


def test_too_few_numbers_have_no_interval():
    assert conformal_half_width(np.zeros((8, 1)), np.ones((8, 1))) is None
    assert conformal_half_width(np.zeros((9, 1)), np.ones((9, 1))) == 1.0


def test_each_kind_decides_by_its_own():
    answers = np.array([[0.9, 0.2], [0.1, 0.8]]).repeat(5, axis=0)
    targets = np.eye(2, dtype=bool).repeat(5, axis=0)
    assert decisions("softmax", np.array([0, 1] * 5), answers) == {}
    assert decisions("sigmoid", targets, answers) == {"thresholds": (0.9, 0.8)}
    assert decisions("sigmoid", targets[1:], answers[1:]) == {"thresholds": (0.5, 0.5)}
    assert decisions("number", np.zeros((9, 1)), np.full((9, 1), -2.0)) == {"interval": 2.0}
