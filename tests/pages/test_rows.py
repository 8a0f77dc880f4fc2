"""The figures of a page equal those of scikit-learn and of the training side's measures."""

from __future__ import annotations

import random
from statistics import mean, median

import pytest
from explained import LABELS, checked, labeled, made_tweets, predicted

import dixtill
from dixtill.pages.rows import ExplainedText, figures, telling_words
from dixtill.runtime.show.scale import common_scale, level


def by_name(texts):
    return {figure.name: figure for figure in figures(texts)}


def test_accuracy_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics", reason="compares with scikit-learn")
    texts = labeled(dixtill.infer(made_tweets(300)))
    expected = metrics.accuracy_score(
        [text.true_label for text in texts], [text.prediction.label for text in texts]
    )
    found = by_name(texts)
    assert found["accuracy"].value == f"{100 * expected:.1f}%"
    assert found["errors"].value == str(round(300 * (1 - expected)))


def test_texts_without_labels_have_no_accuracy_and_are_left_out_of_it():
    up = predicted("up")
    assert list(by_name([ExplainedText(up)])) == ["texts"]
    some = [ExplainedText(up, "bullish"), ExplainedText(up), ExplainedText(up, "bearish")]
    assert by_name(some)["accuracy"][1:] == ("50.0%", "1 of 2")


def test_a_threshold_gives_coverage_and_precision():
    texts = [
        ExplainedText(predicted("up", probability=probability, threshold=0.8), true)
        for probability, true in [
            (0.9, "bullish"),
            (0.8, "bearish"),
            (0.7, "bullish"),
            (0.99, "bullish"),
        ]
    ]
    found = by_name(texts)
    assert found["coverage"].value == "75.0%"
    assert found["precision"][1:] == ("66.7%", "2 of 3 that got a label")
    assert found["accuracy"].value == "75.0%"


def test_checks_are_summed_up_by_their_medians():
    texts = [
        ExplainedText(checked("a b c", [1.0, 2.0, 3.0], flip))
        for flip in [(0,), (0, 1, 2), None, (1, 2)]
    ]
    found = by_name(texts)
    assert found["weights and effects"].value == "1.00"
    assert found["words to leave out"].value == f"{median([1, 3, 2]):g}"
    assert "3 of 4 texts" in found["words to leave out"].remark


def test_agreement_is_the_feature_agreement_of_the_training_side():
    measures = pytest.importorskip(
        "dixtill.distillation.measures.explanations", reason="compares with the extra train"
    )
    np = pytest.importorskip("numpy")
    rng = random.Random(0)
    for size in (1, 2, 3, 4, 7, 20):
        for _ in range(20):
            text = " ".join("w" * (i + 1) for i in range(size))
            one, two = ([rng.gauss(0, 1) for _ in range(size)] for _ in range(2))
            row = ExplainedText(predicted(text, one), teacher=predicted(text, two))
            expected = measures.feature_agreement(np.array(one), np.array(two), 3)
            assert row.agreement == pytest.approx(expected)


def test_a_teacher_of_other_words_agrees_by_their_spans():
    student = predicted("aa bb cc dd", [3.0, 2.0, 1.0, 0.5])
    assert ExplainedText(student, teacher=predicted("aa bb cc dd ee", [0, 0, 0, 0, 9.0])).agreement
    assert (
        ExplainedText(student, teacher=predicted("aa bb cc dd", [3, 2, 0.1, 1])).agreement == 2 / 3
    )
    assert ExplainedText(student).agreement is None
    assert ExplainedText(predicted(""), teacher=predicted("")).agreement is None


def test_the_teachers_labels_are_compared():
    up = predicted("up")
    texts = [ExplainedText(up, teacher=predicted("up", label=label)) for label in LABELS]
    assert [text.disagrees for text in texts] == [True, False, True]
    assert by_name(texts)["with the teacher"].remark == "the same label in 1 of 3"


def test_telling_words_are_means_over_the_texts_of_a_label():
    plain = [f"{name} names a new board member" for name in ("Ford", "Intel", "Shell") * 2]
    predictions = dixtill.infer([*made_tweets(400), *plain])
    found = telling_words([ExplainedText(p) for p in predictions], min_texts=5, most=8)
    assert list(found) == list(LABELS)
    for label, words in found.items():
        assert 0 < len(words) <= 8
        assert [w.mean for w in words] == sorted((w.mean for w in words), reverse=True)
        for word in words:
            of_texts = [
                mean(w.weight for w in p.words if w.text.casefold() == word.word)
                for p in predictions
                if p.label == label and any(w.text.casefold() == word.word for w in p.words)
            ]
            assert word.num_texts == len(of_texts) >= 5
            assert word.mean == pytest.approx(mean(of_texts))


def test_rare_words_punctuation_and_words_against_the_label_tell_nothing():
    texts = [ExplainedText(predicted("Up , no rare", [1.0, 9.0, -1.0, 5.0])) for _ in range(2)]
    texts += [ExplainedText(predicted("UP , no", [3.0, 9.0, -1.0]))]
    assert telling_words(texts, 3, 10) == {
        "bearish": [],
        "bullish": [("up", 5 / 3, 3)],
        "neutral": [],
    }


def test_the_score_is_the_sum_of_the_weights():
    assert ExplainedText(predicted("a b", [1.5, -0.25])).score == 1.25


def test_levels_are_even_and_signed():
    assert [level(w / 10, 1.0, 5) for w in range(-10, 11, 4)] == [-5, -3, -1, 1, 3, 5]
    assert level(1.0, 0.0, 5) == level(0.0, 1.0, 5) == level(float("nan"), float("nan"), 5) == 0


def test_the_common_scale_is_not_one_loud_words():
    assert common_scale([predicted("a b", w).words for w in ([1, 0], [2, -1], [0, -900])]) == 2
    assert common_scale([]) == common_scale([()]) == 0
