"""The kinds of output: several labels and numbers, and the weights of any label."""

from __future__ import annotations

import json
import math
import pickle
from itertools import combinations

import numpy as np
import pytest
from tiny_students import random_model

from dixtill.errors import InputError
from dixtill.runtime.answer_kind import AnswerKind
from dixtill.runtime.classifier import Classifier
from dixtill.runtime.model_file.shape import CELLS, OUTPUTS
from dixtill.runtime.prediction import Check, ExplainedWord, Prediction
from dixtill.runtime.targets import supported_targets
from dixtill.runtime.words_json import words_json
from dixtill.specification import reference
from dixtill.specification.model_file import read_model

TEXTS = ["", "up", "Apple shares jumped 5% after record earnings!", "down &amp; up unseen 中é fall"]
EXPLANATIONS = [(cell, "contributions") for cell in CELLS] + [("lstm", "gates"), ("gru", "gates")]


def specified(model, text, removed=()):
    """The pieces of a text without those of some words, and what is specified for them."""
    read = model.tokenizer().read(text, model.settings.cleaning)
    pairs = zip(read.piece_ids, read.word_of_piece, strict=True)
    ids = np.array([piece for piece, word in pairs if word not in removed], np.int32)
    return read, reference.forward(model.parameters, ids, np.array([0, len(ids)], np.int64))


def native_values(prediction):
    """What the native module computed: probabilities, or a number."""
    is_number = prediction.kind.output == "number"
    return [prediction.value] if is_number else [*prediction.probabilities.values()]


@pytest.mark.parametrize("kernel", supported_targets())
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(("cell", "explanation"), EXPLANATIONS)
def test_answers_and_the_weights_of_every_label_are_the_specifications(
    cell, explanation, output, kernel
):
    model = random_model(3, cell=cell, output=output, explanation=explanation)
    classifier = Classifier(model, kernel)
    for text in TEXTS:
        prediction = classifier(text)
        read, forward = specified(model, text)
        assert native_values(prediction) == forward.probabilities[0].astype(float).tolist()
        for index, label in enumerate(model.settings.labels):
            expected = reference.word_weights(
                forward, read.word_of_piece, len(read.spans), explanation, output, index
            )
            assert prediction.weights(label) == tuple(expected)
        assert prediction.weights() == tuple(word.weight for word in prediction.words)
        assert prediction.weights() == prediction.weights(prediction.top_label)


@pytest.mark.parametrize("output", ["sigmoid", "number"])
@pytest.mark.parametrize(("cell", "explanation"), EXPLANATIONS)
def test_weights_add_up_to_the_labels_own_logit(cell, explanation, output):
    """Nothing is centered: the labels do not exclude each other."""
    model = random_model(4, cell=cell, output=output, explanation=explanation)
    prediction = Classifier(model)(TEXTS[2])
    _, forward = specified(model, TEXTS[2])
    for index, label in enumerate(model.settings.labels):
        share = float(forward.logits[0, index]) - float(model.parameters.head_bias[index])
        assert sum(prediction.weights(label)) == pytest.approx(share, abs=1e-5)


def test_sigmoids_are_those_of_numpy_to_a_few_units_in_the_last_place():
    logits = np.linspace(-100, 100, 4001, dtype=np.float32)
    expected = 1 / (1 + np.exp(-logits.astype(np.float64)))
    found = reference.sigmoid(logits)
    assert found.dtype == np.float32
    near = logits >= -87  # where the exponential is a normal number
    assert found[near].astype(float) == pytest.approx(expected[near], rel=4e-7)
    assert (found[~near] < 2e-38).all()
    assert reference.sigmoid(np.zeros(1, np.float32))[0] == 0.5


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_contrast_is_the_difference_of_two_labels_logits(output):
    model = random_model(5, output=output)
    prediction = Classifier(model)(TEXTS[2])
    contrast = prediction.contrast("bullish", "bearish")
    _, forward = specified(model, TEXTS[2])
    bias = model.parameters.head_bias
    shares = forward.logits[0].astype(float) - bias
    assert sum(contrast) == pytest.approx(shares[1] - shares[0], abs=1e-5)
    assert prediction.contrast("bearish", "bullish") == tuple(-value for value in contrast)


def with_thresholds(*thresholds):
    return Classifier(random_model(6, output="sigmoid", thresholds=thresholds))


def test_a_text_has_the_labels_over_their_thresholds_the_most_probable_first():
    text = TEXTS[3]
    probabilities = Classifier(random_model(6, output="sigmoid"))(text).probabilities
    low, middle, high = sorted(probabilities, key=probabilities.get)
    wanted = {low: probabilities[low], middle: probabilities[middle] + 1e-6, high: 0.0}
    prediction = with_thresholds(*(wanted[label] for label in probabilities))(text)
    assert prediction.labels == (high, low)  # a probability equal to the threshold is enough
    assert prediction.label == prediction.top_label == high
    assert prediction.threshold == 0.0
    assert prediction.to_dict()["labels"] == (high, low)
    nothing = with_thresholds(1.0, 1.0, 1.0)(text)
    assert (nothing.labels, nothing.label, nothing.top_label) == ((), None, high)
    everything = with_thresholds(1.0, 1.0, 1.0)(text, threshold=0.0)
    assert everything.labels == (high, middle, low)
    assert Classifier(random_model(6, output="sigmoid")).model.settings.thresholds == (0.5,) * 3


def test_one_label_of_several_is_the_only_label():
    prediction = Classifier(random_model())("up")
    assert prediction.labels == (prediction.label,)
    assert (prediction.value, prediction.interval) == (None, None)
    assert Classifier(random_model())("up", threshold=1.0).labels == ()
    assert "labels" not in prediction.to_dict()


def test_a_number_has_an_interval_and_no_labels():
    classifier = Classifier(random_model(output="number", interval=0.25))
    prediction = classifier("shares jump")
    assert math.isfinite(prediction.value)
    assert prediction.interval == (prediction.value - 0.25, prediction.value + 0.25)
    assert (prediction.label, prediction.labels, prediction.probabilities) == (None, (), {})
    assert prediction.top_label == "stars"
    with pytest.raises(InputError, match="read `value`"):
        _ = prediction.probability
    with pytest.raises(InputError, match="the student answers numbers; leave it out"):
        classifier("shares jump", threshold=0.5)
    fields = json.loads(json.dumps(prediction.to_dict()))
    assert fields["value"] == prediction.value
    assert "label" not in fields
    assert str(prediction).startswith(f"{prediction.value:.2f} (")
    assert Classifier(random_model(output="number"))("up").interval is None


def is_flipped(model, text, removed, label):
    """Whether the text gains or loses the label without some words, by the specification."""
    index = model.settings.labels.index(label)

    def has_label(forward):
        if model.shape.output == "softmax":
            return forward.logits[0].argmax() == index
        return forward.probabilities[0, index] >= model.settings.thresholds[index]

    whole, rest = specified(model, text)[1], specified(model, text, removed)[1]
    return has_label(whole) != has_label(rest)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("seed", range(4))
def test_any_label_can_be_checked_against_every_subset_of_the_words(seed, output):
    model, text = random_model(seed, output=output), TEXTS[2]
    for index, label in enumerate(model.settings.labels):
        prediction = Classifier(model)(text, check=label)
        check, num_words = prediction.check, len(prediction.words)
        assert check.label == label
        for word, effect in enumerate(check.effects):
            whole, rest = specified(model, text)[1].logits[0], specified(model, text, [word])[1]
            lost = whole.astype(float) - rest.logits[0].astype(float)
            mean = lost.mean() if output == "softmax" else 0.0
            assert effect == pytest.approx(lost[index] - mean, abs=1e-6)
        smallest = next(
            (
                size
                for size in range(1, num_words + 1)
                if any(
                    is_flipped(model, text, removed, label)
                    for removed in combinations(range(num_words), size)
                )
            ),
            None,
        )
        assert check.is_smallest
        assert (None if check.flip is None else len(check.flip)) == smallest
        if check.flip is not None:
            assert is_flipped(model, text, check.flip, label)


def test_true_checks_the_top_label_and_a_number_has_no_flip():
    classifier = Classifier(random_model(1, output="sigmoid"))
    checked = classifier(TEXTS[2], check=True)
    assert checked == classifier(TEXTS[2], check=checked.top_label)
    number = Classifier(random_model(1, output="number"))(TEXTS[2], check=True)
    assert number.check.flip is None
    assert len(number.check.effects) == len(number.words)
    assert "without which" not in str(number)
    with pytest.raises(InputError, match="the label is 'joy', expected one of bearish, bullish"):
        classifier("up", check="joy")
    with pytest.raises(TypeError, match="check is of type int"):
        classifier(["up"], check=3)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_prediction_goes_through_pickle_and_repr_with_all_weights(output):
    classifier = Classifier(random_model(2, output=output))
    prediction = classifier(TEXTS[2], check=True)
    copied = pickle.loads(pickle.dumps(prediction))
    assert copied == prediction
    assert hash(copied) == hash(prediction)
    for label in classifier.labels:
        assert copied.weights(label) == prediction.weights(label)
    assert (copied.labels, copied.value) == (prediction.labels, prediction.value)
    names = {each.__name__: each for each in (Prediction, Check, ExplainedWord, AnswerKind)}
    shown = eval(repr(prediction), names)
    assert shown == prediction
    if output != "number":
        other = next(label for label in classifier.labels if label != shown.top_label)
        with pytest.raises(InputError, match="only the top label's"):
            shown.weights(other)


def test_the_json_of_words_has_the_weights_of_any_label():
    prediction = Classifier(random_model(2))(TEXTS[2])
    for label in prediction.probabilities:
        explained = prediction.explaining(label)
        written = [word["weight"] for word in json.loads(words_json(explained))]
        assert written == [round(weight, 6) for weight in prediction.weights(label)]


def test_an_answer_can_be_explained_for_any_label():
    prediction = Classifier(random_model(2))(TEXTS[2], check=True)
    for label in prediction.probabilities:
        explained = prediction.explaining(label)
        assert explained.explained_label == label
        assert tuple(word.weight for word in explained.words) == prediction.weights(label)
        assert (explained.label, explained.check) == (prediction.label, prediction.check)
        assert explained.to_dict()["words"][0]["weight"] == prediction.weights(label)[0]
        assert ("explained_label" in explained.to_dict()) == (label != prediction.top_label)
        assert (explained == prediction) == (label == prediction.top_label)
        copied = pickle.loads(pickle.dumps(explained))
        assert copied == explained
        assert copied.weights("neutral") == prediction.weights("neutral")
        names = {each.__name__: each for each in (Prediction, Check, ExplainedWord, AnswerKind)}
        assert eval(repr(explained), names) == explained
        assert explained.explaining(prediction.top_label) == prediction
    with pytest.raises(InputError, match="expected one of"):
        prediction.explaining("joy")


def test_raw_scores_belong_to_no_label():
    prediction = Classifier(random_model(explanation="scores"))(TEXTS[2], check="neutral")
    other = next(label for label in prediction.probabilities if label != prediction.top_label)
    with pytest.raises(InputError, match="raw scores"):
        prediction.weights(other)
    assert len(prediction.check.effects) == len(prediction.words) == len(prediction.weights())


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_file_keeps_the_output_thresholds_and_interval(output):
    settings = {"sigmoid": {"thresholds": (0.25, 0.5, 1.0)}, "number": {"interval": 0.5}}
    model = random_model(output=output, **settings.get(output, {}))
    read = read_model(model.content)
    assert read.shape.output == output
    assert read.settings == model.settings
    assert Classifier(read).output == output


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": "sigmoid", "thresholds": (0.5,)}, "expected 3 probabilities"),
        ({"output": "sigmoid", "thresholds": (0.5, 1.5, 0.5)}, "expected 3 probabilities"),
        ({"output": "sigmoid", "thresholds": (0.5, math.nan, 0.5)}, "expected 3 probabilities"),
        ({"thresholds": (0.5, 0.5, 0.5)}, "but the output is 'softmax'"),
        ({"interval": 1.0}, "but the output is 'softmax'"),
        ({"output": "number", "interval": -1.0}, "expected a number from 0 on"),
        ({"output": "number", "interval": True}, "expected a number from 0 on"),
        ({"output": "number", "labels": ("a", "b")}, "expected 1 for the output 'number'"),
        ({"output": "hinge"}, "output is 'hinge', expected one of softmax, sigmoid, number"),
    ],
)
def test_settings_that_do_not_fit_the_output_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        random_model(**changes)
