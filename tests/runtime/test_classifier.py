"""Texts to predictions, compared with sums over the NumPy specification's output."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from any_texts import ANY_STRINGS, SHORT_STRINGS, TEXTS
from examples import some
from tiny_students import random_model

from dixtill.errors import KernelError
from dixtill.runtime.classifier import Classifier, load_classifier
from dixtill.runtime.prediction import ExplainedWord
from dixtill.runtime.targets import native, supported_targets
from dixtill.specification import reference
from dixtill.specification.model_file import write_model


def specification(model, text):
    """Pieces and results of one text, by the specification."""
    return of_pieces(model, model.tokenizer().read(text, model.settings.cleaning))


def of_pieces(model, read):
    ids, offsets = np.array(read.piece_ids, np.int32), np.array([0, len(read.piece_ids)], np.int64)
    return read, reference.forward(model.parameters, ids, offsets)


@cache
def of_seven_columns(text, bits, cell, directions):
    """What is specified for a student of seven columns, however it explains its answers."""
    return of_pieces(
        random_model(bits=bits, d=7, cell=cell, directions=directions), read_once(text)
    )


@cache
def read_once(text):
    """The pieces of a text, which are the same for every student of these tests."""
    model = random_model()
    return model.tokenizer().read(text, model.settings.cleaning)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", range(4))
def test_label_and_probabilities_are_the_specifications(text, seed):
    model = random_model(seed)
    prediction = Classifier(model)(text)
    _, forward = specification(model, text)
    expected = np.exp(forward.logits[0]) / np.exp(forward.logits[0]).sum()
    assert list(prediction.probabilities) == list(model.settings.labels)
    assert list(prediction.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    assert prediction.label == model.settings.labels[int(np.argmax(expected))]
    assert prediction.probability == max(prediction.probabilities.values())


@pytest.mark.parametrize(
    ("cell", "directions", "explanation"),
    [
        ("lstm", 2, "gates"),
        ("lstm", 2, "contributions"),
        ("lstm", 2, "scores"),
        ("gru", 2, "gates"),
        ("gru", 1, "gates"),
        ("linear", 2, "contributions"),
        ("linear", 1, "contributions"),
    ],
)
@pytest.mark.parametrize(
    "text", some([*TEXTS, *ANY_STRINGS.values()], few=[*TEXTS, *SHORT_STRINGS])
)
@pytest.mark.parametrize("bits", [4, 8])
def test_an_answer_is_the_specifications_to_the_last_bit(
    text, bits, cell, directions, explanation, tmp_path
):
    model = random_model(explanation=explanation, bits=bits, d=7, cell=cell, directions=directions)
    write_model(model, tmp_path / "m.safetensors")
    prediction = load_classifier(tmp_path / "m.safetensors")(text)
    assert prediction == Classifier(model)(text)
    read, forward = of_seven_columns(text, bits, cell, directions)
    assert list(prediction.probabilities.values()) == forward.probabilities[0].tolist()
    assert [(word.start, word.end) for word in prediction.words] == read.spans
    weights = reference.word_weights(forward, read.word_of_piece, len(read.spans), explanation)
    assert [word.weight for word in prediction.words] == weights
    assert prediction.truncated == read.truncated
    unknown = [piece == model.vocabulary.index("[UNK]") for piece in read.piece_ids]
    owners = {w for w, is_unknown in zip(read.word_of_piece, unknown, strict=True) if is_unknown}
    assert {w for w, word in enumerate(prediction.words) if word.is_unknown} == owners
    assert prediction.unknown_share == (sum(unknown) / len(unknown) if unknown else 0.0)


def test_a_word_of_which_a_part_is_unknown_is_unknown():
    answer = Classifier(random_model())("up share-zz 株s 🍕")
    assert [(word.text, word.is_unknown) for word in answer.words] == [
        ("up", False), ("share-zz", True), ("株", True), ("s", True), ("🍕", True),
    ]  # fmt: skip
    assert answer.unknown_share == 4 / 7
    assert Classifier(random_model())("up").unknown_share == 0.0
    assert Classifier(random_model())("🍕").unknown_share == 1.0


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", range(4))
def test_a_words_weight_is_what_its_pieces_add_to_the_logit(text, seed):
    model = random_model(seed)
    prediction = Classifier(model)(text)
    read, forward = specification(model, text)
    k = model.settings.labels.index(prediction.label)
    expected = [0.0] * len(read.spans)
    for piece, word in enumerate(read.word_of_piece):
        shares = [float(share) for share in forward.contributions[piece]]
        expected[word] += shares[k] - sum(shares) / len(shares)
    assert [word.weight for word in prediction.words] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("cell", "explanation"),
    [("lstm", "gates"), ("lstm", "contributions"), ("gru", "gates"), ("linear", "contributions")],
)
def test_weights_add_up_to_the_logit_above_the_mean_logit(text, seed, cell, explanation):
    model = random_model(seed, explanation=explanation, cell=cell)
    prediction = Classifier(model)(text)
    _, forward = specification(model, text)
    k = model.settings.labels.index(prediction.label)
    logits, bias = forward.logits[0].astype(float), model.parameters.head_bias.astype(float)
    expected = (logits[k] - logits.mean()) - (bias[k] - bias.mean())
    assert sum(word.weight for word in prediction.words) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("text", TEXTS)
def test_weights_by_scores_are_the_mean_raw_score_of_a_words_pieces(text):
    model = random_model(explanation="scores")
    prediction = Classifier(model)(text)
    read, forward = specification(model, text)
    for number, word in enumerate(prediction.words):
        scores = [
            float(score)
            for score, owner in zip(forward.scores, read.word_of_piece, strict=True)
            if owner == number
        ]
        assert word.weight == pytest.approx(sum(scores) / len(scores), abs=1e-6)


def test_the_test_texts_have_words_of_several_pieces():
    read = random_model().tokenizer()(TEXTS[3])
    assert max(map(read.word_of_piece.count, read.word_of_piece)) > 2


def test_words_are_the_users_own_at_their_place_in_the_text(classifier):
    text = "  APPLE's shares &amp; É https://t.co/x  UP!"
    words = classifier(text).words
    assert [word.text for word in words] == ["APPLE's", "shares", "&amp;", "É", "UP", "!"]
    assert all(word.text == text[word.start : word.end] for word in words)


def test_words_are_explained_words_and_survive_a_pickle(classifier):
    prediction = classifier("profit up")
    assert {type(word) for word in prediction.words} == {ExplainedWord}
    assert prediction.words is prediction.words  # made once
    again = pickle.loads(pickle.dumps(prediction))
    assert again == prediction
    assert again.words[0].weight == prediction.words[0].weight


def test_an_answer_of_another_length_is_refused():
    with pytest.raises(ValueError, match="not one of this version"):
        native.words_of("up", bytes(24) + b"?", 3, ExplainedWord)
    with pytest.raises(ValueError, match="not one of this version"):
        native.words_of("up", b"", 3, ExplainedWord)


def test_cleaning_is_the_models():
    text = "see https://t.co/x"
    raw = random_model(cleaning=())
    assert [word.text for word in Classifier(random_model())(text).words] == ["see"]
    assert [word.text for word in Classifier(raw)(text).words] == ["see", "https://t.co/x"]


def test_a_text_past_the_limit_is_cut_and_says_so():
    classifier = Classifier(random_model(max_pieces=3))
    whole, cut = classifier("up down up"), classifier("up down up down")
    assert (whole.truncated, cut.truncated) == (False, True)
    assert cut.words == whole.words
    assert cut.text == "up down up down"


def test_threads_share_a_classifier(classifier):
    texts = [f"{a} {b} {c}%" for a in TEXTS for b in TEXTS for c in TEXTS] * 4
    expected = classifier(texts)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(classifier, texts)) == expected


@pytest.mark.parametrize("kernel", supported_targets())
def test_every_kernel_gives_the_same_predictions(classifier, kernel):
    other = Classifier(random_model(), kernel=kernel)
    assert other.kernel == kernel
    assert other(TEXTS) == classifier(TEXTS)


def test_an_unknown_kernel_is_refused():
    with pytest.raises(KernelError, match=r"mmx.*scalar"):
        Classifier(random_model(), kernel="mmx")


@pytest.mark.parametrize("labels", [("only",), ("no", "yes"), tuple(map(str, range(40)))])
def test_any_number_of_classes_will_do(labels):
    classifier = Classifier(random_model(labels=labels))
    assert classifier.labels == labels
    assert classifier("shares up").label in labels


def test_a_classifier_keeps_its_own_weights():
    model = random_model()
    classifier = Classifier(model)
    before = classifier("profit up")
    model.parameters.embedding_q8[:] = 0
    assert classifier("profit up") == before


def test_properties_are_the_models(classifier):
    model = random_model()
    classifier = Classifier(model)
    assert classifier.model is model
    assert classifier.labels is model.settings.labels
