"""Tests measures of explanations on cases worked out by hand, at extremes, and on real tweets."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import dixtill
from dixtill.distillation.measures import explanations as measures
from dixtill.errors import InputError

A = np.array([3.0, -2.0, 1.0, 0.5])


def test_agreement_counts_the_words_of_largest_magnitude():
    b = np.array([-3.0, -2.5, 0.1, 2.0])  # its order by magnitude: 0, 1, 3, 2
    assert [measures.feature_agreement(A, b, k) for k in (1, 2, 3)] == [1, 1, 2 / 3]
    assert [measures.sign_agreement(A, b, k) for k in (1, 2, 3)] == [0, 1 / 2, 1 / 3]
    assert [measures.rank_agreement(A, b, k) for k in (1, 2, 3)] == [1, 1, 2 / 3]
    swapped = np.array([-2.0, 3.0, 1.0, 0.5])
    assert measures.feature_agreement(A, swapped, 2) == 1
    assert measures.rank_agreement(A, swapped, 2) == 0


@pytest.mark.parametrize("k", [1, 3, 5, 100])
def test_an_explanation_agrees_with_itself(k):
    for measure in (
        measures.feature_agreement, measures.sign_agreement, measures.rank_agreement
    ):  # fmt: skip
        assert measure(A, A, k) == 1


def test_correlations_have_their_sign_and_a_constant_has_none():
    assert measures.spearman(A, 10 * A**3) == pytest.approx(1)
    assert measures.spearman(A, -A) == pytest.approx(-1)
    assert measures.cosine(A, 2 * A) == pytest.approx(1)
    assert measures.cosine(A, -A) == pytest.approx(-1)
    assert measures.spearman(A, np.ones(4)) == measures.cosine(A, np.zeros(4)) == 0


@pytest.mark.parametrize(
    ("a", "b", "k"), [(A, A[:2], 1), (A[:0], A[:0], 1), (A, A, 0), (A[None], A[None], 1)]
)
def test_weights_that_do_not_fit_are_refused(a, b, k):
    with pytest.raises(InputError):
        measures.feature_agreement(a, b, k)


TEXT = "good very bad"
SPANS = [(0, 4), (5, 9), (10, 13)]
VALUES = {"good": 0.4, "very": 0.1, "bad": -0.3}


def additive(texts):
    """The probability of a label: 0.5 plus a number for each word that is present."""
    return [0.5 + sum(value for word, value in VALUES.items() if word in text) for text in texts]


def test_faithfulness_of_the_true_weights_by_hand():
    found = measures.faithfulness(additive, TEXT, SPANS, np.array([0.4, 0.1, -0.3]))
    # All words: 0.7. Each share of three words but the last (0.5, rounded to 2) is one word.
    assert found.comprehensiveness == pytest.approx((4 * 0.4 + 0.5) / 5)
    assert found.sufficiency == pytest.approx((4 * (0.7 - 0.9) + (0.7 - 1.0)) / 5)
    # Deleted in order: 0.7, 0.3, 0.2, 0.5. Inserted: 0.5, 0.9, 1.0, 0.7.
    assert found.deletion == pytest.approx((0.7 / 2 + 0.3 + 0.2 + 0.5 / 2) / 3)
    assert found.insertion == pytest.approx((0.5 / 2 + 0.9 + 1.0 + 0.7 / 2) / 3)
    assert found.leave_one_out == pytest.approx(1)


def test_the_opposite_explanation_is_worse_in_everything():
    true = measures.faithfulness(additive, TEXT, SPANS, np.array([0.4, 0.1, -0.3]))
    false = measures.faithfulness(additive, TEXT, SPANS, np.array([-0.4, -0.1, 0.3]))
    assert false.comprehensiveness < true.comprehensiveness
    assert false.sufficiency > true.sufficiency
    assert false.deletion > true.deletion
    assert false.insertion < true.insertion
    assert false.leave_one_out == pytest.approx(-1)


def test_a_text_is_answered_in_one_call_and_keeps_its_places():
    calls = []

    def answer(texts):
        calls.append(texts)
        return additive(texts)

    measures.faithfulness(answer, TEXT, SPANS, A[:3])
    (texts,) = calls
    assert texts[0] == TEXT
    assert all(len(text) == len(TEXT) for text in texts)
    assert "     very    " in texts
    assert " " * len(TEXT) in texts


@pytest.mark.parametrize(("spans", "count"), [([], 0), (SPANS, 2)])
def test_words_without_weights_are_refused(spans, count):
    with pytest.raises(InputError, match="weights for"):
        measures.faithfulness(additive, TEXT, spans, A[:count])


def test_the_shipped_student_shows_what_decided(tfns):
    """On real tweets, every measure is far better than for a random explanation."""
    student = dixtill.load()
    with open(tfns / "valid.csv", newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)][:150]
    shown, chance = [], []
    for seed, prediction in enumerate(student(texts)):
        if not prediction.words:
            continue
        label = prediction.label

        def answer(texts, label=label):
            return [other.probabilities[label] for other in student(texts)]

        spans = [(word.start, word.end) for word in prediction.words]
        own = np.array([word.weight for word in prediction.words])
        control = measures.random_weights(len(spans), seed)
        shown.append(measures.faithfulness(answer, prediction.text, spans, own))
        chance.append(measures.faithfulness(answer, prediction.text, spans, control))

    def mean(found, name):
        return float(np.mean([getattr(item, name) for item in found]))

    assert mean(shown, "comprehensiveness") > 2 * mean(chance, "comprehensiveness")
    assert mean(shown, "sufficiency") < mean(chance, "sufficiency") - 0.05
    assert mean(shown, "deletion") < mean(chance, "deletion") - 0.1
    assert mean(shown, "insertion") > mean(chance, "insertion") + 0.05
    assert mean(shown, "leave_one_out") > 0.5 > abs(mean(chance, "leave_one_out")) + 0.4
