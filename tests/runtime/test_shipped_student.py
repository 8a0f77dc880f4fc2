"""The student that ships: its bytes, and texts that its first rules misread."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

import dixtill
from dixtill.runtime.model_file.loaded import VOCABULARY
from dixtill.specification.model_file import read_model, write_model


def test_written_again_it_has_the_same_bytes(tmp_path):
    model, expected = read_model(dixtill.SHIPPED_MODEL), Path(dixtill.SHIPPED_MODEL).read_bytes()
    if zlib.compress(model.buffers[VOCABULARY].data, 9) not in expected:
        pytest.skip("this version of zlib compresses the vocabulary differently")
    write_model(model, tmp_path / "student.safetensors")
    assert (tmp_path / "student.safetensors").read_bytes() == expected


def test_it_knows_which_texts_are_familiar():
    familiar = ["$AAPL soars", "Apple shares jump after record earnings", "Fed cuts rates"]
    others = ["I love you", "Маленький кот спит", "🚀🚀🚀", "", "We baked a cake for her birthday"]
    assert [answer.is_familiar for answer in dixtill.infer(familiar)] == [True] * 3
    assert [answer.is_familiar for answer in dixtill.infer(others)] == [False] * 5
    assert [dixtill.infer(text).familiarity for text in others[1:4]] == [0.0] * 3


def test_a_link_hides_neither_words_nor_label():
    linked = dixtill.infer('<a href="https://x.co/a">Profit falls</a> again')
    assert "Profit" in [word.text for word in linked.words]
    assert linked.label == dixtill.infer("Profit falls again").label == "bearish"


def test_a_symbol_hides_no_word_and_is_marked_as_unknown():
    prediction = dixtill.infer("Shares soar🚀")
    assert [(word.text, word.is_unknown) for word in prediction.words] == [
        ("Shares", False), ("soar", False), ("🚀", True),
    ]  # fmt: skip
    assert prediction.label == "bullish"


def test_a_typographic_minus_is_a_minus():
    typographic, plain = dixtill.infer(["EPS −3.5%", "EPS -3.5%"])
    assert typographic.probabilities == plain.probabilities
    assert not any(word.is_unknown for word in typographic.words)


def test_a_reference_is_the_character_that_it_stands_for():
    written, meant = dixtill.infer(["Nestl&#233;s gain &pound;5", "Nestlés gain £5"])
    assert written.probabilities == meant.probabilities
    assert written.words[0].text == "Nestl&#233;s"
