"""The classifier with several labels a text and with weights, and the regressor."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import tiny_teachers
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict
from transformers import AutoModelForSequenceClassification

import dixtill
from dixtill.errors import InputError
from dixtill.sklearn import DixtillClassifier, DixtillRegressor

pytestmark = pytest.mark.slow

SUBJECTS = ("sales", "the bank", "profit", "shares", "a stock", "costs")
TEXTS = [f"{subject} {verb}" for subject in SUBJECTS for verb in ("rise", "fall", "rise late")] * 3
SETS = [
    [name for name, word in (("up", "rise"), ("late", "late"), ("bank", "bank")) if word in text]
    for text in TEXTS
]
MATRIX = np.array([[int(name in row) for name in ("bank", "late", "up")] for row in SETS])
NUMBERS = [20.0 + 10 * ("rise" in text) + 5 * ("late" in text) for text in TEXTS]
SIZES = {"embedding_dim": 16, "hidden_dim": 12, "attention_dim": 12, "random_state": 0}


def test_lists_of_labels_are_learned_and_answered_as_a_matrix(tmp_path):
    classifier = DixtillClassifier(**SIZES, validation_fraction=0).fit(TEXTS, SETS)
    assert classifier.classes_.tolist() == ["bank", "late", "up"]
    predicted = classifier.predict(TEXTS)
    assert predicted.dtype == np.int64
    assert (predicted == MATRIX).mean() > 0.95
    assert classifier.score(TEXTS, SETS) == classifier.score(TEXTS, MATRIX) > 0.9
    classifier.save(tmp_path / "s.safetensors")
    student = dixtill.load(tmp_path / "s.safetensors")
    for text, row in zip(TEXTS, predicted, strict=True):
        assert {*student(text).labels} == {*classifier.classes_[row == 1]}
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(classifier)).predict(TEXTS), predicted)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, np.ndarray.tolist])
def test_indicator_matrices_are_learned_as_they_are(form):
    one = DixtillClassifier(**SIZES, epochs=2).fit(TEXTS, form(MATRIX))
    other = DixtillClassifier(**SIZES, epochs=2).fit(TEXTS, SETS)
    assert one.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(one.predict_proba(TEXTS), other.predict_proba(TEXTS))


def test_sets_that_cannot_be_learned_are_refused():
    with pytest.raises(InputError, match="row 1 of y is 'up', expected a list of labels"):
        DixtillClassifier().fit(["a", "b"], [["up"], "up"])
    with pytest.raises(InputError, match="no text has a label in y"):
        DixtillClassifier().fit(["a", "b"], [[], []])
    with pytest.raises(InputError, match="no text has a label in y"):
        DixtillClassifier().fit(TEXTS, np.zeros((len(TEXTS), 2)))
    with pytest.raises(InputError, match="y has the label 'a', which is a str, and 1, which is no"):
        DixtillClassifier().fit(["a", "b"], [["a", 1], [1]])
    with pytest.raises(InputError, match="class_weight is a dict, but the texts have several"):
        DixtillClassifier(class_weight={"up": 2}).fit(TEXTS, SETS)


def test_labels_that_were_not_learned_cannot_be_scored():
    classifier = DixtillClassifier(**SIZES, epochs=1).fit(TEXTS, SETS)
    sentence = "labels that the student does not know: zzz; it knows bank, late, up"
    with pytest.raises(InputError, match=sentence):
        classifier.score(TEXTS, [["zzz"], *SETS[1:]])
    none = np.zeros_like(MATRIX)
    assert classifier.score(TEXTS, none) == classifier.score(TEXTS, [[]] * len(TEXTS))


@pytest.mark.parametrize("given", ["foo", 2, True, ["balanced"], np.ones(2)])
def test_class_weights_that_mean_nothing_are_refused(given):
    with pytest.raises(InputError, match=r"class_weight is .*, expected None, 'balanced' or a di"):
        DixtillClassifier(class_weight=given).fit(TEXTS, ["a", "b"] * 27)


@pytest.mark.parametrize("given", ["balanced", "foo", {1: 2.0}])
def test_a_regressor_has_no_class_weights(given):
    with pytest.raises(InputError, match="class_weight is given, but numbers have no classes"):
        DixtillRegressor(class_weight=given).fit(TEXTS, NUMBERS)


def save_teacher(output: str, labels: tuple[str, ...], folder) -> str:
    model, tokenizer = tiny_teachers.build("bert")
    model.config.problem_type = output
    model.config.id2label = dict(enumerate(labels))
    AutoModelForSequenceClassification.from_config(model.config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_teacher_of_several_labels_names_them(tmp_path):
    labels = ("up", "bank", "late")
    teacher = save_teacher("multi_label_classification", labels, tmp_path / "teacher")
    quick = {**SIZES, "epochs": 1, "perturbed": 0, "max_explained": 2}
    by_name = DixtillClassifier(teacher, **quick).fit(TEXTS, SETS)
    assert by_name.classes_.tolist() == list(labels)
    assert by_name.student_.labels == labels
    by_place = DixtillClassifier(teacher, **quick).fit(TEXTS, MATRIX[:, [2, 0, 1]])
    np.testing.assert_array_equal(by_name.predict_proba(TEXTS), by_place.predict_proba(TEXTS))
    with pytest.raises(InputError, match="y has the labels other, up, but the teacher has up"):
        DixtillClassifier(teacher, **quick).fit(["a", "b"], [["up"], ["other"]])
    with pytest.raises(InputError, match="the teacher has up, bank, late; give a column for each"):
        DixtillClassifier(teacher, **quick).fit(TEXTS, MATRIX[:, :2])


def test_numbers_are_learned_in_their_unit(tmp_path):
    regressor = DixtillRegressor(**SIZES).fit(TEXTS, NUMBERS)
    predicted = regressor.predict(TEXTS)
    assert predicted.shape == (len(TEXTS),)
    assert r2_score(NUMBERS, predicted) == regressor.score(TEXTS, NUMBERS) > 0.9
    assert regressor.explain(TEXTS[:1])[0].value == predicted[0]
    again = clone(regressor).fit(TEXTS, np.array(NUMBERS)[:, None].ravel())
    np.testing.assert_array_equal(again.predict(TEXTS), predicted)
    assert cross_val_predict(DixtillRegressor(**SIZES, epochs=2), TEXTS, NUMBERS, cv=3).size == 54


def test_numbers_of_texts_that_were_learned_give_no_interval():
    quick = {**SIZES, "epochs": 1}
    for fraction, has_interval in ((0.3, True), (0, False)):
        regressor = DixtillRegressor(**quick, validation_fraction=fraction).fit(TEXTS, NUMBERS)
        (answer,) = regressor.explain(["sales rise"])
        assert (answer.interval is not None) is has_interval


def test_a_teacher_of_numbers_teaches_a_regressor(tmp_path):
    teacher = save_teacher("regression", ("LABEL_0",), tmp_path / "teacher")
    quick = {**SIZES, "epochs": 1, "perturbed": 0, "max_explained": 2}
    regressor = DixtillRegressor(teacher, **quick).fit(TEXTS, NUMBERS)
    assert regressor.student_.output == "number"
    with pytest.raises(InputError, match="the teacher is for the output number, the texts for s"):
        DixtillClassifier(teacher, **quick).fit(TEXTS, ["a", "b"] * 27)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([1.0, 1.0], "labeled with the number 1, so that nothing can be learned"),
        (["a", "b"], "y holds values that are not numbers"),
        (None, "requires y to be passed"),
    ],
)
def test_numbers_that_teach_nothing_are_refused(numbers, message):
    with pytest.raises(InputError, match=message):
        DixtillRegressor().fit(["a", "b"], numbers)


def test_weights_decide_between_texts_that_contradict_each_other():
    texts, labels = TEXTS * 2, ["a"] * len(TEXTS) + ["b"] * len(TEXTS)
    for label, expected in (("a", 0.9), ("b", 0.1)):
        weights = np.where(np.array(labels) == label, 9.0, 1.0)
        quick = {**SIZES, "epochs": 1, "batch_size": 4, "learning_rate": 0.03}
        by_text = DixtillClassifier(**quick, validation_fraction=0)
        by_class = DixtillClassifier(**quick, validation_fraction=0, class_weight={label: 9.0})
        by_text.fit(texts, labels, sample_weight=weights)
        np.testing.assert_array_equal(
            by_text.predict_proba(TEXTS), by_class.fit(texts, labels).predict_proba(TEXTS)
        )
        assert by_text.predict_proba(TEXTS)[:, 0].mean() == pytest.approx(expected, abs=0.15)


def test_texts_of_the_weight_zero_are_left_out():
    weights = np.arange(len(TEXTS)) % 2
    labels = np.array(["up" if "rise" in text else "down" for text in TEXTS])
    kept = np.flatnonzero(weights)
    quick = DixtillClassifier(**SIZES, epochs=2)
    one = quick.fit(TEXTS, labels, sample_weight=weights).predict_proba(TEXTS)
    other = clone(quick).fit([TEXTS[i] for i in kept], labels[kept]).predict_proba(TEXTS)
    np.testing.assert_array_equal(one, other)
    for wrong in (np.zeros(len(TEXTS)), -weights):
        with pytest.raises(ValueError, match=r"non-zero|[Nn]egative"):
            quick.fit(TEXTS, labels, sample_weight=wrong)


def test_balanced_is_a_setting_of_the_course():
    classifier = DixtillClassifier(**SIZES, epochs=1, class_weight="balanced").fit(TEXTS, SETS)
    assert classifier.student_.model.settings.provenance["config"]["class_weight"] == "balanced"
