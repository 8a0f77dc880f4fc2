"""Lists, strings of any kind and size, and arguments that are not texts."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
from any_texts import ANY_STRINGS, TEXTS
from tiny_students import VOCABULARY, random_model, random_weights

from dixtill.errors import InputError
from dixtill.specification.model_file import write_model


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
    write_model(random_model(max_pieces=10_000_000, parameters=weights), path)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["shortage"]), done.stderr
