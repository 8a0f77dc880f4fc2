"""What a user receives: frozen, printable, and JSON whatever the text holds."""

from __future__ import annotations

import json

import pytest

from dixtill.runtime.prediction import ExplainedWord, Prediction


def prediction(text="Shares jump", spans=((0, 6), (7, 11)), truncated=False):
    words = tuple(
        ExplainedWord(text[start:end], start, end, weight)
        for (start, end), weight in zip(spans, (-0.25, 12.5), strict=False)
    )
    return Prediction(text, "up", 0.875, {"down": 0.125, "up": 0.875}, words, truncated)


def test_it_prints_the_label_and_a_line_for_each_word():
    assert str(prediction()) == "up (0.88)\n   -0.250  Shares\n  +12.500  jump"


def test_it_prints_that_a_text_was_cut():
    assert str(prediction(truncated=True)).endswith("the rest was left out)")
    assert "left out" not in str(prediction())


def test_a_text_without_words_prints_its_label():
    assert str(prediction("", ())) == "up (0.88)"


def test_it_becomes_json_and_back_without_loss():
    assert json.loads(json.dumps(prediction().to_dict())) == {
        "text": "Shares jump",
        "label": "up",
        "probability": 0.875,
        "probabilities": {"down": 0.125, "up": 0.875},
        "words": [
            {"text": "Shares", "start": 0, "end": 6, "weight": -0.25},
            {"text": "jump", "start": 7, "end": 11, "weight": 12.5},
        ],
        "truncated": False,
    }


def test_a_lone_surrogate_keeps_its_place_in_json_and_in_print():
    odd = prediction("a\ud800b", ((0, 3),))
    json.dumps(odd.to_dict(), ensure_ascii=False).encode()
    str(odd).encode()
    assert odd.to_dict()["text"] == odd.to_dict()["words"][0]["text"] == "a\ufffdb"
    assert odd.text == "a\ud800b"


def test_print_holds_no_control_character_that_a_terminal_would_obey():
    odd = prediction("a\x1b[2Jb\x9b1m\x00", ((0, 9),))
    assert set(map(ord, str(odd))) & {0, 0x1B, 0x9B} == set()
    assert str(odd).endswith("a\ufffd[2Jb\ufffd1m")


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        prediction().label = "down"
    with pytest.raises(AttributeError):
        prediction().words[0].weight = 0.0


def test_its_probabilities_are_the_callers_to_change():
    answer = prediction()
    answer.probabilities["up"] = 0.0
    assert answer.probability == answer.probabilities["up"] == 0.875
