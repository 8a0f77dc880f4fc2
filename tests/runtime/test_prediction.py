"""What a user receives: frozen, printable, and JSON whatever the text holds."""

from __future__ import annotations

import json

import pytest

import dixtill
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


def test_it_prints_which_words_the_student_does_not_know():
    words = ExplainedWord("up", 0, 2, -0.5), ExplainedWord("🍕", 3, 5, 0.25, is_unknown=True)
    answer = Prediction("up 🍕", "a", 1.0, {"a": 1.0}, words, False, unknown_share=0.5)
    assert str(answer) == "a (1.00)\n  -0.500  up\n  +0.250  🍕  (unknown)"
    assert answer.to_dict()["unknown_share"] == 0.5
    assert [word["is_unknown"] for word in answer.to_dict()["words"]] == [False, True]


def test_a_text_without_words_prints_its_label():
    assert str(prediction("", ())) == "up (0.88)"


def test_it_becomes_json_and_back_without_loss():
    assert json.loads(json.dumps(prediction().to_dict())) == {
        "text": "Shares jump",
        "label": "up",
        "probability": 0.875,
        "probabilities": {"down": 0.125, "up": 0.875},
        "words": [
            {"text": "Shares", "start": 0, "end": 6, "weight": -0.25, "is_unknown": False},
            {"text": "jump", "start": 7, "end": 11, "weight": 12.5, "is_unknown": False},
        ],
        "truncated": False,
        "unknown_share": 0.0,
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


@pytest.mark.parametrize(
    "name",
    ["text", "label", "top_label", "threshold", "probability", "probabilities", "words",
     "truncated", "check", "unknown_share", "new"],
)  # fmt: skip
def test_no_attribute_can_be_set_or_removed(name):
    answer = prediction()
    with pytest.raises(AttributeError):
        setattr(answer, name, "other")
    with pytest.raises(AttributeError):
        delattr(answer, name)


def test_no_attribute_of_a_word_can_be_set():
    with pytest.raises(AttributeError):
        prediction().words[0].weight = 0.0


def test_equal_predictions_are_one_in_a_set():
    assert {prediction(), prediction()} == {prediction()}
    ordered = Prediction("a", "up", 0.75, {"down": 0.25, "up": 0.75}, (), False)
    turned = Prediction("a", "up", 0.75, {"up": 0.75, "down": 0.25}, (), False)
    assert ordered == turned
    assert hash(ordered) == hash(turned)
    texts = ["Shares jump", "Profit falls", "Shares jump"]
    assert len(set(dixtill.infer(texts))) == 2
    assert len(set(dixtill.infer(texts[:1]) + dixtill.infer(texts[:1], threshold=0.5))) == 2


def test_the_hash_of_a_read_prediction_is_that_of_an_unread_one():
    read, unread = dixtill.infer(["Shares jump"] * 2, check=True)
    assert read.words
    assert read.check
    assert hash(read) == hash(unread)


@pytest.mark.parametrize("wrong", ["0.5", b"1", [0.5], {}, 1j])
def test_a_threshold_that_is_not_a_number_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="expected a number from 0 to 1"):
        dixtill.load(threshold=wrong)
    with pytest.raises(TypeError, match="expected a number from 0 to 1"):
        dixtill.infer("up", threshold=wrong)


def test_its_probabilities_are_the_callers_to_change():
    answer = prediction()
    answer.probabilities["up"] = 0.0
    assert answer.probability == answer.probabilities["up"] == 0.875
