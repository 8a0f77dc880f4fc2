"""Texts to predictions, held against sums over the NumPy specification's output."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from tiny_students import VOCABULARY, random_model, random_weights

from dixtill.errors import InputError, KernelError
from dixtill.runtime.classifier import Classifier, load_classifier
from dixtill.runtime.prediction import ExplainedWord
from dixtill.runtime.targets import native, supported_targets
from dixtill.specification import reference
from dixtill.specification.model_file import write_model

TEXTS = [
    "Apple shares jumped 5% after record earnings!",
    "",
    "profit down",
    "aab-ab a&amp;b https://t.co/x $up. unseen 中é",
    "Ape",
]
ANY_STRINGS = {
    "empty": "",
    "blank": " \t\n\u3000",
    "emoji": "up 😀👩‍👩‍👧 down",
    "long word": "a" * 100_000,
    "many words": "up down " * 12_500,
    "punctuation": "$!." * 33_334,
    "spaces": " " * 100_000,
    "marks": "e" + "\u0301\u0327" * 50_000,
    "URL": "https://" + "a" * 100_000,
    "URL prefixes": "www." * 25_000,
    "entities": "&amp" * 25_000,
    "surrogate": "up \ud800\udfff\udc00",
    "NUL": "\0up\0 \0",
}


@pytest.fixture(scope="module")
def classifier():
    return Classifier(random_model())


def specification(model, text):
    """Pieces and results of one text, by the specification."""
    read = model.tokenizer().read(text, model.settings.cleaning)
    ids, offsets = np.array(read.piece_ids, np.int32), np.array([0, len(read.piece_ids)], np.int64)
    return read, reference.forward(model.weights, ids, offsets)


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


@pytest.mark.parametrize("explanation", ["gates", "contributions", "scores"])
@pytest.mark.parametrize("text", [*TEXTS, *ANY_STRINGS.values()])
@pytest.mark.parametrize("bits", [4, 8])
def test_an_answer_is_the_specifications_to_the_last_bit(text, bits, explanation, tmp_path):
    model = random_model(explanation=explanation, bits=bits, d=7)
    write_model(model, tmp_path / "m.safetensors")
    prediction = load_classifier(tmp_path / "m.safetensors")(text)
    assert prediction == Classifier(model)(text)
    read, forward = specification(model, text)
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
@pytest.mark.parametrize("explanation", ["gates", "contributions"])
def test_weights_add_up_to_the_logit_above_the_mean_logit(text, seed, explanation):
    model = random_model(seed, explanation=explanation)
    prediction = Classifier(model)(text)
    _, forward = specification(model, text)
    k = model.settings.labels.index(prediction.label)
    logits, bias = forward.logits[0].astype(float), model.weights.head_bias.astype(float)
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


def test_a_list_is_answered_as_its_texts_one_by_one(classifier):
    texts = TEXTS * 60  # more than two chunks, and no multiple of one
    one_by_one = [classifier(text) for text in texts]
    assert classifier(texts) == one_by_one
    assert classifier(tuple(texts)) == one_by_one
    assert classifier.predict(texts) == one_by_one


def test_an_empty_list_has_no_answers(classifier):
    assert classifier([]) == []
    assert classifier(()) == []


@pytest.mark.parametrize("num_threads", ["1", "2", "7"])
def test_no_number_of_threads_changes_a_bit(classifier, monkeypatch, num_threads):
    texts = [f"{a} {b}" for a in TEXTS for b in TEXTS] * 20
    expected = [classifier(text)._answer for text in texts]
    monkeypatch.setenv("DIXTILL_NUM_THREADS", num_threads)
    assert [prediction._answer for prediction in classifier(texts)] == expected


def test_a_list_of_several_chunks_is_answered(classifier):
    assert classifier(["up"] * 9000) == [classifier("up")] * 9000


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "1025", "9" * 30])
def test_a_wrong_number_of_threads_is_refused(classifier, monkeypatch, value):
    monkeypatch.setenv("DIXTILL_NUM_THREADS", value)
    with pytest.raises(InputError, match=f"is '{value}', expected a number from 1 to 1024"):
        classifier(["up"])


@pytest.mark.parametrize("text", ANY_STRINGS.values(), ids=ANY_STRINGS)
def test_any_string_is_answered_within_seconds(classifier, text):
    start = time.perf_counter()
    prediction = classifier(text)
    assert time.perf_counter() - start < 3  # 0.3 where it was written
    assert prediction.text == text
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert all(word.text == text[word.start : word.end] for word in prediction.words)
    assert all(a.start < b.start for a, b in pairwise(prediction.words))
    str(prediction).encode()


def test_a_string_of_another_class_is_a_string(classifier):
    prediction = classifier(np.str_("shares up"))
    assert prediction == classifier("shares up")
    assert type(prediction.text) is type(prediction.words[0].text) is str
    assert classifier([np.str_("shares up")]) == [prediction]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "of type NoneType, expected a str, or a list"),
        (3, "of type int"),
        (b"up", r"of type bytes \(decode it first"),
        (bytearray(b"up"), "of type bytearray"),
        ({"up"}, "of type set"),
        ((text for text in ["up"]), "of type generator"),
        (np.array(["up"]), "of type ndarray"),
        (["up", None], "item 1 of the list is of type NoneType, expected a str"),
        (("up", "down", b"up"), r"item 2 of the list is of type bytes \(decode it first"),
        ([["up"]], "item 0 of the list is of type list"),
        (["up"] * 1000 + [float("nan")], "item 1000 of the list is of type float"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_anything_else_is_a_type_error(classifier, given, message):
    with pytest.raises(TypeError, match=message):
        classifier(given)


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
    model.weights.embedding_q8[:] = 0
    assert classifier("profit up") == before


def test_a_text_of_megabytes_is_answered_and_its_memory_given_back(classifier):
    assert classifier("up " * 700_000).words == classifier("up " * 20).words


LIMITED = """
import resource, sys
import dixtill
classifier = dixtill.load(sys.argv[1])
before = classifier("up down")
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20), resource.RLIM_INFINITY))
try:
    classifier("up down " * 600_000)
    print("no shortage")
except (MemoryError, RuntimeError):
    print("shortage")
assert classifier("up down") == before
"""


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has /proc/self/statm and obeys RLIMIT_AS"
)
def test_running_out_of_memory_leaves_a_classifier_that_answers(tmp_path):
    path = tmp_path / "student.safetensors"
    # Wide states, so that they are what there is no memory for: 1.2 million of 400 bytes.
    weights = random_weights(np.random.default_rng(0), len(VOCABULARY), d=6, h=200, a=4, c=3)
    write_model(random_model(max_pieces=10_000_000, weights=weights), path)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["shortage"]), done.stderr


def test_properties_are_the_models(classifier):
    model = random_model()
    classifier = Classifier(model)
    assert classifier.model is model
    assert classifier.labels is model.settings.labels
