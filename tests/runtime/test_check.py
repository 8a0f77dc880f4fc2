"""A checked answer, held against every subset of the words by the NumPy specification."""

from __future__ import annotations

import json
import pickle
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from tiny_students import random_model

import dixtill
from dixtill.errors import InputError
from dixtill.runtime.checking import rank_correlation
from dixtill.runtime.classifier import Classifier
from dixtill.runtime.model_file.shape import CELLS
from dixtill.runtime.prediction import Check, ExplainedWord, Prediction
from dixtill.runtime.targets import supported_targets
from dixtill.specification import reference

TEXTS = [
    "Apple shares jumped 5% after record earnings!",
    "",
    "up",
    "profit down",
    "aab-ab a&amp;b https://t.co/x $up. unseen 中é",
    "up down up profit fall share",
]
STUDENTS = [("lstm", seed) for seed in range(5)] + [
    (cell, seed) for cell in ("gru", "linear") for seed in range(3)
]
LONG = " ".join(["up down profit fall shares record"] * 20)


student = cache(random_model)  # by its seed


def logits_without(model, text, removed):
    """Logits of the text's pieces without those of the words `removed`, by the specification."""
    return _logits_without(model, text, frozenset(removed))


@cache
def _logits_without(model, text, removed):
    read = model.tokenizer().read(text, model.settings.cleaning)
    ids = [
        piece
        for piece, word in zip(read.piece_ids, read.word_of_piece, strict=True)
        if word not in removed
    ]
    offsets = np.array([0, len(ids)], np.int64)
    return reference.forward(model.parameters, np.array(ids, np.int32), offsets).logits[0]


def margin(logits, label):
    values = [float(value) for value in logits]
    return values[label] - reference.sum_of(values) / len(values)


def flips(model, text, removed):
    return logits_without(model, text, removed).argmax() != logits_without(model, text, ()).argmax()


@pytest.mark.parametrize(
    ("cell", "directions", "explanation"),
    [
        ("lstm", 2, "contributions"),
        ("lstm", 2, "scores"),
        ("lstm", 1, "gates"),
        ("gru", 2, "gates"),
        ("linear", 2, "contributions"),
        ("linear", 1, "contributions"),
    ],
)
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", range(3))
def test_effects_are_the_specifications_to_the_last_bit(text, seed, cell, directions, explanation):
    model = random_model(seed, explanation=explanation, cell=cell, directions=directions)
    prediction = Classifier(model)(text, check=True)
    whole = logits_without(model, text, ())
    label = int(whole.argmax())
    assert prediction.check.effects == tuple(
        margin(whole, label) - margin(logits_without(model, text, {word}), label)
        for word in range(len(prediction.words))
    )


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("cell", "seed"), STUDENTS)
def test_the_flip_is_the_smallest_set_of_words_that_changes_the_label(text, cell, seed):
    model = student(seed, cell=cell)
    check = Classifier(model)(text, check=True).check
    assert check.is_smallest
    num_words = len(check.effects)
    sizes = [
        size
        for size in range(1, num_words + 1)
        if any(flips(model, text, some) for some in combinations(range(num_words), size))
    ]
    if not sizes:
        assert check.flip is None
        return
    assert len(check.flip) == sizes[0]
    assert list(check.flip) == sorted(set(check.flip))
    assert flips(model, text, check.flip)


def specified_flip(model, text, effects):
    """As csrc/answer/check.h tells it, with passes enough for every set."""
    num_words = len(effects)
    label = int(logits_without(model, text, ()).argmax())
    by_effect = sorted(range(num_words), key=lambda word: -effects[word])
    greedy: list[int] = []
    while len(greedy) < num_words and not (greedy and flips(model, text, greedy)):
        rest = [word for word in by_effect if word not in greedy]
        margins = [margin(logits_without(model, text, {*greedy, word}), label) for word in rest]
        greedy.append(rest[margins.index(min(margins))])
    for size in range(1, len(greedy)):
        for some in combinations(by_effect, size):
            if flips(model, text, some):
                return tuple(sorted(some))
    return tuple(sorted(greedy)) if greedy and flips(model, text, greedy) else None


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("cell", "seed"), STUDENTS)
def test_among_sets_of_one_size_the_one_of_largest_effects_is_found(text, cell, seed):
    model = student(seed, cell=cell)
    check = Classifier(model)(text, check=True).check
    assert check.flip == specified_flip(model, text, check.effects)


def test_flips_of_every_kind_occur_among_these_students():
    found = [
        Classifier(random_model(seed))(t, check=True).check for seed in range(12) for t in TEXTS
    ]
    sizes = {None if check.flip is None else len(check.flip) for check in found}
    assert sizes >= {None, 1, 2, 3}


@pytest.mark.parametrize("seed", range(4))
def test_a_flip_that_is_not_known_to_be_smallest_flips_all_the_same(seed):
    model = random_model(seed, max_pieces=200)
    check = Classifier(model)(LONG, check=True).check
    assert len(check.effects) == 120
    if check.flip is not None:
        assert flips(model, LONG, check.flip)
        assert check.is_smallest == (len(check.flip) <= 2)


def test_a_check_takes_no_part_in_the_answer():
    classifier = Classifier(random_model())
    for text in TEXTS:
        plain, checked = classifier(text), classifier(text, check=True)
        assert plain.check is None
        assert checked.to_dict() == {**plain.to_dict(), "check": checked.check._asdict()}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kernel", supported_targets())
def test_every_kernel_checks_alike_alone_and_in_a_list(kernel, cell):
    texts = [*TEXTS, LONG] * 30
    model = random_model(bits=4, cell=cell, explanation="contributions")
    expected = [Classifier(model, "scalar")(text, check=True) for text in [*TEXTS, LONG]] * 30
    assert Classifier(model, kernel)(texts, check=True) == expected


def test_leaving_a_word_out_is_writing_spaces_in_its_place():
    text = "Ford shares don't recover; Goldman downgrades $GM (again), up 5.3%"
    whole = dixtill.infer(text, check=True)
    for word, effect in zip(whole.words, whole.check.effects, strict=True):
        without = text[: word.start] + " " * (word.end - word.start) + text[word.end :]
        log = {k: np.log(v) for k, v in dixtill.infer(without).probabilities.items()}
        log_whole = {k: np.log(v) for k, v in whole.probabilities.items()}
        label = whole.top_label
        expected = margin(log_whole.values(), list(log).index(label)) - margin(
            log.values(), list(log).index(label)
        )
        assert effect == pytest.approx(expected, abs=2e-5)


def test_a_checked_answer_goes_through_json_and_pickle():
    checked = dixtill.infer("Profit falls, shares jump", check=True, threshold=0.2)
    assert pickle.loads(pickle.dumps(checked)) == checked
    assert json.loads(json.dumps(checked.to_dict()))["check"]["effects"] == [*checked.check.effects]
    namespace = {"Prediction": Prediction, "Check": Check, "ExplainedWord": ExplainedWord}
    assert eval(repr(checked), namespace) == checked


def test_correlation_is_spearmans():
    stats = pytest.importorskip("scipy.stats", reason="SciPy's is the judge")
    rng = np.random.default_rng(0)
    for size in (2, 3, 10, 50):
        a, b = rng.integers(0, 6, (2, size)).astype(float)
        a[0], a[1], b[0], b[1] = 0, 1, 5, 2
        assert rank_correlation(a.tolist(), b.tolist()) == pytest.approx(
            stats.spearmanr(a, b).statistic, abs=1e-12
        )
    assert rank_correlation([], []) is rank_correlation([1.0], [2.0]) is None
    assert rank_correlation([1.0, 1.0], [2.0, 3.0]) is None


def test_a_label_less_probable_than_the_threshold_is_none():
    text = "Profit falls"
    answer = dixtill.infer(text)
    assert answer.label == answer.top_label
    below = dixtill.infer(text, threshold=answer.probability + 1e-6)
    assert below.label is below.to_dict()["label"] is None
    assert below.top_label == answer.top_label
    assert below.probabilities == answer.probabilities
    assert below.words == answer.words
    assert str(below).startswith(f"no label: {answer.top_label} (")
    assert dixtill.infer(text, threshold=answer.probability).label == answer.label


def test_a_loaded_student_keeps_its_threshold_until_a_call_says_otherwise():
    strict = dixtill.load(threshold=1.0)
    assert strict.threshold == 1.0
    assert [answer.label for answer in strict(["Profit falls", "up"])] == [None, None]
    assert strict("Profit falls", threshold=0.0).label is not None


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(threshold):
    for refuse in (
        lambda: dixtill.load(threshold=threshold),
        lambda: dixtill.infer("up", threshold=threshold),
    ):
        with pytest.raises(InputError, match="expected a probability from 0 to 1"):
            refuse()
