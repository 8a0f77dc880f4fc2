"""Words as JSON from the native module, against Python's json and the words that a user reads."""

from __future__ import annotations

import json
import struct

import pytest
from tiny_students import random_model

from dixtill.escapes import UNSAFE
from dixtill.runtime.classifier import Classifier
from dixtill.runtime.targets import native
from dixtill.runtime.words_json import words_json

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

CLASSIFIER = Classifier(random_model())
HOSTILE = st.text(st.sampled_from('a up"\\/\n\t\x00\x1f\x7fé中😀\u2028\ud800\udfff&;'))


def rounded(weight):
    return round(weight * 1e6) / 1e6


@hypothesis.given(
    st.one_of(st.text(), HOSTILE, st.text(st.characters(categories=("Cs", "Cc", "L"))))
)
def test_words_are_those_of_the_prediction_rounded_to_six_decimals(text):
    prediction = CLASSIFIER(text)
    words = json.loads(words_json(prediction).decode())
    expected = prediction.to_dict()["words"]
    assert words == [{**word, "weight": rounded(word["weight"])} for word in expected]


def test_the_form_is_compact_and_on_one_line():
    written = words_json(CLASSIFIER("up\n down")).decode()
    weights = ", ".join(f"{word.weight:.6f}" for word in CLASSIFIER("up\n down").words).split(", ")
    assert written == (
        f'[{{"text":"up","start":0,"end":2,"weight":{weights[0]},"is_unknown":false}},'
        f'{{"text":"down","start":4,"end":8,"weight":{weights[1]},"is_unknown":false}}]'
    )


@pytest.mark.parametrize("weight", [0.0, -0.0, 4.9e-7, -0.5, 0.9999996, 8e9, -9.1e9, 1e25, -1e300])
def test_a_weight_of_any_size_is_a_number(weight):
    answer = native_answer(weight)
    (word,) = json.loads(native.words_json("up", answer, 3, 1))
    expected = rounded(weight) if abs(weight) < 2**53 / 1e6 else weight
    assert word["weight"] == expected


def native_answer(weight, end=2):
    """An answer of three labels about one word, with that weight for the label 1."""
    return struct.pack("=iiiiif3fqq3dB", 0, 1, 0, 1, 0, -1, 1, 0, 0, 0, end, 7.0, weight, 8.0, 0)


def escaped(char):
    if ord(char) in UNSAFE:
        return f"\\u{ord(char):04x}"
    return f"\\{char}" if char in '"\\' else char


def test_it_escapes_what_the_rest_of_the_package_does():
    text = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    written = native.words_json(text, native_answer(0.0, len(text)), 3, None).decode()
    assert json.loads(written)[0]["text"] == text
    assert "".join(map(escaped, text)) in written


@pytest.mark.parametrize(
    "answer", [b"", bytes(12), b"\x03" + native_answer(1.0)[1:], native_answer(1.0)[:-1]]
)
def test_bytes_that_are_not_an_answer_are_refused(answer):
    with pytest.raises(ValueError, match="not one of this version"):
        native.words_json("up", answer, 3, None)
