"""The measurements of several labels and numbers: what is fitted, scored and summarized."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'dixtill[train]'")

from benchmarks.several import linear
from benchmarks.several.corpora import read
from benchmarks.several.scores import quality, scores_of, thresholds_on
from benchmarks.several.summary import summarized, table

LABELS = {"red": "apple brick", "green": "grass leaf", "blue": "sea sky"}


def written(path, count, seed, column="labels"):
    """Texts about things, labeled by their colors or by the number of red ones."""
    rng = np.random.default_rng(seed)
    lines = [f"text,{column}"]
    for number in range(count):
        drawn = [name for name in LABELS if rng.random() < 0.5]
        things = " ".join(rng.choice(LABELS[name].split()) for name in drawn)
        label = "|".join(drawn) if column == "labels" else str(things.count("apple") * 2 + 1)
        lines.append(f"text {number} {things},{label}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def labels(tmp_path):
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    return read(written(train, 200, 0), written(test, 60, 1), "labels", "|")


def test_a_tenth_is_held_out_and_copies_of_test_texts_are_not_learned(labels):
    total = len(labels.train) + len(labels.held_out)
    assert len(labels.held_out) == pytest.approx(total / 10, abs=5)
    assert not set(labels.train.texts) & set(labels.test.texts)
    assert labels.test.output == "sigmoid"


def test_tf_idf_learns_which_words_mean_a_label(labels):
    answers = linear.tf_idf(labels, 0)(labels.test)
    scores = scores_of(answers, labels.test, thresholds_on(answers, labels.test))
    assert scores["micro-F1"] == 1.0
    assert scores["macro-F1"] == 1.0


def test_fast_text_learns_which_words_mean_a_label(labels):
    pytest.importorskip("fasttext", reason="needs fastText: pip install fasttext-wheel")
    answers = linear.fast_text(labels, 0)(labels.test)
    assert scores_of(answers, labels.test, thresholds_on(answers, labels.test))["micro-F1"] > 0.8


def test_ridge_learns_numbers(tmp_path):
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    corpora = read(written(train, 200, 0, "stars"), written(test, 60, 1, "stars"), "stars", None)
    scores = scores_of(linear.tf_idf(corpora, 0)(corpora.test), corpora.test, None)
    assert scores["MAE"] < 0.3
    assert scores["Pearson"] > 0.95
    assert quality(np.zeros((60, 1)), corpora.test) < -1


def test_a_table_has_means_over_seeds_with_intervals(tmp_path):
    for seed, value in enumerate((0.25, 0.5, 0.75)):
        (tmp_path / f"student-{seed}.json").write_text(
            json.dumps({"micro-F1": value, "bytes": 400_000})
        )
    (tmp_path / "teacher-0.json").write_text(json.dumps({"micro-F1": 0.9}))
    shown = table(summarized(tmp_path)).splitlines()
    assert shown[0] == "|  | seeds | micro-F1 | bytes |"
    assert shown[2] == "| teacher | 1 | 90.0 |  |"
    assert shown[3] == "| student | 3 | 50.0 ± 62.1 | 0.40 MB |"  # 4.303 * 0.25 / sqrt(3)
