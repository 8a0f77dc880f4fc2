"""Compares the study's statistics with scikit-learn, SciPy, and loops over resampled texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.reproduce.statistics import (
    MEASURES,
    Answers,
    Bootstrap,
    interval,
    mean_of_present,
    present,
)
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score

NUM_TEXTS, CLASSES = 300, 3


def answers(seed: int, share_right: float = 0.8) -> Answers:
    """Answers to the same texts for each seed; texts once right are likelier to be right again."""
    truth = np.random.default_rng(0)
    labels = truth.choice(CLASSES, NUM_TEXTS, p=[0.15, 0.2, 0.65])
    difficulty = truth.uniform(size=NUM_TEXTS)
    rng = np.random.default_rng(seed)
    wrong = 0.9 * difficulty + 0.1 * rng.uniform(size=NUM_TEXTS) > share_right
    predicted = np.where(wrong, (labels + rng.integers(1, 3, NUM_TEXTS)) % CLASSES, labels)
    probabilities = rng.dirichlet(np.ones(CLASSES), NUM_TEXTS)
    top = probabilities.argmax(axis=1)
    rows = np.arange(NUM_TEXTS)
    swapped = probabilities.copy()
    swapped[rows, predicted], swapped[rows, top] = (
        probabilities[rows, top],
        probabilities[rows, predicted],
    )
    teacher = np.where(truth.uniform(size=NUM_TEXTS) < 0.9, labels, (labels + 1) % CLASSES)
    return Answers(labels, teacher, predicted, CLASSES, swapped)


def drawn(given: Answers, rows: np.ndarray) -> Answers:
    """The answers to some texts, with repetitions."""
    assert given.probabilities is not None
    return replace(
        given,
        labels=given.labels[rows],
        teacher=given.teacher[rows],
        predicted=given.predicted[rows],
        probabilities=given.probabilities[rows],
    )


def calibration_error_by_definition(
    probabilities: np.ndarray, labels: np.ndarray, bins: int
) -> float:
    """The definition, computed text by text."""
    total = 0.0
    for number in range(bins):
        inside = [
            (row.max(), row.argmax() == label)
            for row, label in zip(probabilities, labels, strict=True)
            if number / bins < row.max() <= (number + 1) / bins
        ]
        if inside:
            confidence, right = np.mean(inside, axis=0)
            total += len(inside) / len(labels) * abs(confidence - right)
    return total


def expected(measure: str, given: Answers) -> float:
    """The same number, by another library."""
    if measure == "accuracy":
        return accuracy_score(given.labels, given.predicted)
    if measure == "fidelity":
        return accuracy_score(given.teacher, given.predicted)
    if measure == "macro-F1":
        return f1_score(
            given.labels, given.predicted, labels=range(CLASSES), average="macro", zero_division=0.0
        )
    return calibration_error_by_definition(given.probabilities, given.labels, 15)


@pytest.mark.parametrize("measure", list(MEASURES))
def test_a_measure_is_what_scikit_learn_or_its_definition_says(measure):
    given = answers(1)
    assert MEASURES[measure](given) == pytest.approx(expected(measure, given))


def test_macro_f1_counts_a_class_that_never_occurs_as_0():
    given = answers(1)
    few = drawn(given, np.flatnonzero((given.labels == 2) & (given.predicted != 0)))
    assert MEASURES["macro-F1"](few) == pytest.approx(expected("macro-F1", few))


def test_answers_without_probabilities_have_no_calibration_error():
    with pytest.raises(ValueError, match="no probabilities"):
        MEASURES["ECE"](replace(answers(1), probabilities=None))


@pytest.mark.parametrize("measure", list(MEASURES))
def test_a_resample_is_the_measure_of_the_texts_that_were_drawn(measure):
    bootstrap = Bootstrap(NUM_TEXTS, num_resamples=20)
    seeds = [answers(1), answers(2)]
    found = bootstrap.resampled(
        [MEASURES[measure].features(given) for given in seeds], MEASURES[measure].of_means
    )
    assert (bootstrap.counts.sum(axis=1) == NUM_TEXTS).all()
    for counts, value in zip(bootstrap.counts, found, strict=True):
        rows = np.repeat(np.arange(NUM_TEXTS), counts)
        assert value == pytest.approx(
            np.mean([expected(measure, drawn(given, rows)) for given in seeds])
        )


def test_the_interval_of_a_difference_is_that_of_scipys_paired_bootstrap():
    """Intervals are paired: without pairs they would be at least half as wide again."""
    better, worse = answers(3, 0.85), answers(4, 0.8)
    accuracy = MEASURES["accuracy"]
    bootstrap = Bootstrap(NUM_TEXTS)
    first, second = (
        bootstrap.resampled([accuracy.features(given)], accuracy.of_means)
        for given in (better, worse)
    )
    value = accuracy(better) - accuracy(worse)
    found = interval(value, first - second)
    right = [(given.predicted == given.labels).astype(float) for given in (better, worse)]
    theirs = stats.bootstrap(
        right,
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=10_000,
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert found.low < found.value < found.high
    assert found.low == pytest.approx(theirs.low, abs=0.0035)  # one text is 0.0033
    assert found.high == pytest.approx(theirs.high, abs=0.0035)
    unpaired = interval(value, first - second[np.random.default_rng(6).permutation(len(second))])
    assert unpaired.high - unpaired.low > 1.4 * (found.high - found.low)


def test_a_mean_leaves_out_the_texts_that_lack_the_number():
    values = np.array([[1.0, np.nan, np.nan], [3.0, 4.0, np.nan], [5.0, 6.0, np.nan]])
    found = mean_of_present(present(values).mean(axis=0))
    np.testing.assert_allclose(found, [3.0, 5.0, np.nan])
    bootstrap = Bootstrap(3, num_resamples=50)
    resampled = bootstrap.resampled([present(values)], mean_of_present)
    for counts, row in zip(bootstrap.counts, resampled, strict=True):
        texts = np.repeat(values, counts, axis=0)[:, :2]
        for column, value in zip(texts.T, row, strict=False):
            there = column[~np.isnan(column)]
            np.testing.assert_allclose(value, there.mean() if there.size else np.nan)


def test_an_interval_leaves_two_and_a_half_per_cent_on_either_side():
    resampled = np.random.default_rng(0).permutation(np.linspace(-1, 1, 10_001))
    assert interval(0.1, resampled) == pytest.approx((0.1, -0.95, 0.95))
