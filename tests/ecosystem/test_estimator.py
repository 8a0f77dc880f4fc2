"""Uses DixtillClassifier as its users do: labels of any kind, pipelines, folds, pickles."""

from __future__ import annotations

import enum
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import dixtill
from dixtill.distillation.data.corpus import read_corpus
from dixtill.errors import InputError
from dixtill.sklearn import DixtillClassifier
from dixtill.sklearn.classes import Classes

SMALL = {"embedding_dim": 12, "hidden_dim": 10, "attention_dim": 8, "random_state": 0}
LEARNING = {**SMALL, "learning_rate": 1e-2, "batch_size": 4, "validation_fraction": 0.0}


def lowered(texts):
    return [text.lower() for text in texts]


@pytest.fixture(scope="module")
def fitted(texts, directions) -> DixtillClassifier:
    return DixtillClassifier(**LEARNING).fit(texts, directions)


def test_what_it_was_fitted_to_is_learned(fitted, texts, directions):
    assert fitted.score(texts, directions) == 1.0
    assert fitted.classes_.tolist() == ["down", "up"]
    assert fitted.predict(["profit grows"]).tolist() == ["up"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "values", [(0, 1), (7, -3), ("no", "yes"), (False, True), (0.0, 1.0)], ids=str
)
def test_labels_of_any_sortable_type_come_back(texts, values):
    labels = np.array(values * (len(texts) // 2))
    classifier = DixtillClassifier(**LEARNING).fit(texts, labels)
    assert classifier.classes_.tolist() == sorted(values)
    assert classifier.predict(texts).dtype == labels.dtype
    assert classifier.score(texts, labels) == 1.0
    assert classifier.student_.labels == tuple(map(str, np.unique(labels)))


@pytest.mark.parametrize("column", [tuple, np.array, pd.Series, pl.Series, pd.Index])
def test_texts_come_in_any_column(fitted, texts, column):
    expected = fitted.predict_proba(texts)
    np.testing.assert_array_equal(fitted.predict_proba(column(texts)), expected)


def test_probabilities_are_those_of_the_students_answers(fitted, texts):
    answers = fitted.explain(texts)
    assert answers == fitted.student_(texts)
    rows = [[answer.probabilities[name] for name in ("down", "up")] for answer in answers]
    np.testing.assert_array_equal(fitted.predict_proba(texts), np.float32(rows))
    assert all(answer.words for answer in answers)


def test_the_saved_file_answers_alike(fitted, texts, tmp_path):
    fitted.save(tmp_path / "s.safetensors")
    assert dixtill.load(tmp_path / "s.safetensors")(texts) == fitted.explain(texts)


@pytest.mark.slow
def test_a_pickle_carries_the_student_into_another_process(fitted, texts, tmp_path):
    (tmp_path / "p.pickle").write_bytes(pickle.dumps((fitted, texts)))
    script = "import pickle; c, t = pickle.load(open('p.pickle', 'rb')); print(*c.predict(t))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == fitted.predict(texts).tolist()


class Direction(str, enum.Enum):
    UP = "up"
    DOWN = "down"


def test_texts_and_labels_of_a_subclass_of_str_are_plain_in_the_student(texts, directions):
    labels = pd.Series([Direction(name) for name in directions], dtype=object)
    fitted = DixtillClassifier(epochs=1).fit(np.array(texts), labels)
    assert fitted.student_.labels == ("down", "up")
    assert {type(label) for label in fitted.student_.labels} == {str}
    assert set(fitted.predict(texts)) <= {Direction.UP, Direction.DOWN}


def test_a_clone_is_not_fitted_and_fits_alike(fitted, texts, directions):
    copy = clone(fitted)
    assert not hasattr(copy, "student_")
    np.testing.assert_array_equal(
        copy.fit(texts, directions).predict_proba(texts), fitted.predict_proba(texts)
    )


@pytest.mark.slow
def test_it_works_in_pipelines_folds_and_searches(texts, directions):
    pipeline = make_pipeline(FunctionTransformer(lowered), DixtillClassifier(**LEARNING))
    texts, labels = texts * 3, np.array(directions * 3)
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    assert cross_val_score(pipeline, texts, labels, cv=folds).mean() > 0.9
    found = cross_val_predict(pipeline, texts, labels, cv=folds, method="predict_proba")
    assert found.shape == (len(texts), 2)
    search = GridSearchCV(pipeline, {"dixtillclassifier__epochs": [1, 30]}, cv=folds)
    search.fit(texts, labels)
    assert search.best_params_ == {"dixtillclassifier__epochs": 30}
    assert search.predict(["SALES CLIMB"]).tolist() == ["up"]


@pytest.mark.parametrize(
    ("method", "cell"), [("dixtill", "linear"), ("kl", "gru"), ("dixtill-paper", "lstm")]
)
def test_a_student_learns_from_a_teacher(teacher_folder, texts, method, cell):
    labels = ["bearish", "bullish"] * (len(texts) // 2)
    classifier = DixtillClassifier(
        teacher_folder, method=method, epochs=2, perturbed=1 if method == "kl" else 0,
        teaching="worst", cell=cell, **SMALL,
    ).fit(texts, labels)  # fmt: skip
    # The teacher knows a class that these texts don't have.
    assert classifier.classes_.tolist() == ["bearish", "bullish", "neutral"]
    model = classifier.student_.model
    config = model.settings.provenance["config"]
    assert (config["method"], config["teaching"]) == (method, "worst")
    assert model.shape.cell == cell
    assert set(classifier.predict(texts)) <= set(classifier.classes_)


@pytest.mark.slow
def test_numbers_are_the_teachers_classes(teacher_folder, texts):
    labels = [2, 0] * (len(texts) // 2)
    classifier = DixtillClassifier(teacher_folder, method="none", **LEARNING).fit(texts, labels)
    assert classifier.classes_.tolist() == [0, 1, 2]
    assert classifier.student_.labels == ("bearish", "bullish", "neutral")
    assert classifier.predict(texts).tolist() == labels
    assert classifier.explain(texts)[0].label == "neutral"


@pytest.mark.slow
def test_columns_follow_the_classes_where_the_teachers_order_is_another(tmp_path, texts):
    import tiny_teachers

    model, tokenizer = tiny_teachers.build("bert")
    model.config.id2label = {0: "up", 1: "flat", 2: "down"}
    for part in (model, tokenizer):
        part.save_pretrained(tmp_path)
    labels = ["up", "down"] * (len(texts) // 2)
    classifier = DixtillClassifier(tmp_path, method="none", **LEARNING).fit(texts, labels)
    assert classifier.student_.labels == ("up", "flat", "down")
    assert classifier.classes_.tolist() == ["down", "flat", "up"]
    assert classifier.predict(texts).tolist() == labels


def test_folds_share_what_the_teacher_said(teacher_folder, texts, tmp_path):
    labels = np.array([0, 1] * (len(texts) // 2))
    classifier = DixtillClassifier(
        teacher_folder, epochs=1, perturbed=0, attributions=tmp_path / "kept", **SMALL
    )
    classifier.fit(texts, labels)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.parquet")}
    classifier.set_params(random_state=1, validation_fraction=0.0).fit(texts[:20], labels[:20])
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.parquet")}
    assert kept
    assert kept.items() <= after.items()


def test_few_validation_texts_do_not_calibrate(texts, directions):
    few = DixtillClassifier(epochs=1, **SMALL).fit(texts, directions)
    many = DixtillClassifier(epochs=1, **SMALL | {"validation_fraction": 0.2})
    many.fit(texts * 12, directions * 12)
    assert few.student_.model.settings.provenance["temperature"] == 1.0
    assert many.student_.model.settings.provenance["temperature"] != 1.0


@pytest.mark.parametrize(
    ("X", "y", "sentence"),
    [
        ("one text", ["a"], "X is of type str, expected texts: a list"),
        (7, ["a"], "X is of type int"),
        ([["a"], ["b"]], ["a", "b"], r"row 0 of X is \['a'\], of type list, expected a str"),
        (np.array([["a"], ["b"]]), ["a", "b"], "X has 2 dimensions, expected one text"),
        (["a", None], ["a", "b"], "row 1 of X is None, of type NoneType, expected a str"),
        (["a", "b"], ["a", "a"], "y holds 1 class, expected at least two"),
        (["a", "b"], None, "target y is None"),
        (["a", "b"], [0.5, 1.7], "Unknown label type"),
        (["a", "b"], ["a"], "inconsistent numbers of samples"),
        (["", " "], ["a", "b"], "the training texts hold nothing that can be read"),
        (["a", "b"], ["", "b"], "is empty, expected a name"),
        (["a", "b"], ["a", "\ud800"], "lone surrogate"),
    ],
)
def test_what_cannot_be_fitted_is_a_sentence(X, y, sentence):
    with pytest.raises(ValueError, match=sentence):
        DixtillClassifier(epochs=1, **SMALL).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": "best"}, "unknown method 'best'"),
        ({"method": "kl"}, "the method kl needs a teacher"),
        ({"method": "dixtill"}, "the method dixtill needs a teacher"),
        ({"cell": "rnn"}, "unknown cell 'rnn', expected one of lstm, gru, linear"),
        ({"epochs": 0}, "epochs is 0, which is out of range"),
        ({"validation_fraction": 1.5}, "validation_fraction is 1.5"),
        ({"embedding_bits": 5}, "embedding_bits is 5, expected 4 or 8"),
        ({"teacher": "no/such/folder"}, "cannot load a sequence classifier"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_fit(texts, directions, settings, sentence):
    classifier = DixtillClassifier().set_params(**settings)
    with pytest.raises(InputError, match=sentence):
        classifier.fit(texts, directions)


def test_a_label_that_the_teacher_does_not_know_is_named(teacher_folder, texts, directions):
    with pytest.raises(InputError, match="labels that the teacher does not know: down, up;"):
        DixtillClassifier(teacher_folder).fit(texts, directions)


@pytest.mark.slow
def test_a_few_hundred_real_texts_beat_the_majority(tfns):
    corpus = read_corpus(tfns / "train.csv")
    rows = np.random.default_rng(0).permutation(len(corpus))[:600]
    texts = np.array(corpus.texts, object)
    labels = np.array(corpus.labels)
    test = read_corpus(tfns / "valid.csv", corpus.label_names)
    majority = np.bincount(test.labels).max() / len(test)
    classifier = DixtillClassifier(random_state=0).fit(texts[rows], labels[rows])
    assert classifier.score(test.texts, test.labels) > majority + 0.01


def test_a_fold_that_lacks_a_class_is_read_like_the_rest():
    stars = ("1", "2", "3", "4", "5")
    whole = Classes.of(np.array([1, 2, 3, 4, 5]), stars)
    fold = Classes.of(np.array([1, 2, 3, 4]), stars)
    assert fold.values.tolist() == whole.values.tolist() == [1, 2, 3, 4, 5]
    assert fold.indices_of(np.array([1, 4])) == whole.indices_of(np.array([1, 4])) == (0, 3)
    with pytest.raises(InputError, match=r"does not know: 0; .* are 1, 2, 3, 4, 5 in y"):
        Classes.of(np.array([0, 1, 2, 3, 4]), stars)
    words = ("bad", "good", "fine")
    assert Classes.of(np.array([1, 2]), words).indices_of(np.array([1, 2])) == (1, 2)
    swapped = Classes.of(np.array([0, 1]), ("1", "0"))
    assert swapped.indices_of(np.array([0, 1])) == (1, 0)
    with pytest.raises(InputError, match="integers in y could be names or indices"):
        Classes.of(np.array([0, 1]), ("1", "0", "other"))
    names = Classes.of(np.array(["1", "0"]), ("1", "0", "other"))
    assert names.indices_of(np.array(["1", "0"])) == (0, 1)
