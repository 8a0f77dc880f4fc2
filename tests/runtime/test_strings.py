"""A str of any class is a plain str once it is inside, and lone surrogates are replaced quickly."""

from __future__ import annotations

import enum
import html
import time

import numpy as np
import pytest
from tiny_students import random_model

import dixtill
from dixtill.runtime.classifier import Classifier
from dixtill.runtime.prediction import Prediction
from dixtill.runtime.show.html import escaped
from dixtill.strings import has_surrogates, plain_str, without_surrogates

hypothesis = pytest.importorskip("hypothesis", reason="draws strings with hypothesis")
st = pytest.importorskip("hypothesis.strategies")


class Odd(str):
    """A str that is itself in nothing that Python lets a class decide."""

    __slots__ = ()

    def __str__(self):
        return "str()"

    def __repr__(self):
        return "repr()"

    def __format__(self, spec):
        return "format()"

    def __getitem__(self, place):
        return Odd("slice")

    def __iter__(self):
        return iter("iter")

    def __html__(self):
        return "<b>html</b>"

    def replace(self, old, new, count=-1):
        return Odd("replace")

    def encode(self, *_):
        return b"encode"

    def translate(self, table):
        return Odd("translate")


class Markup(str):
    """Escapes what it is joined with, as markupsafe's does."""

    __slots__ = ()

    def __getitem__(self, place):
        return Markup(super().__getitem__(place))

    def __html__(self):
        return self

    def replace(self, old, new, count=-1):
        return Markup(super().replace(old, html.escape(new), count))

    def translate(self, table):
        return Markup(super().translate(table))


class Direction(str, enum.Enum):
    UP = "up"


TEXT = "<b>Profit</b> & up"


@pytest.mark.parametrize("kind", [Odd, Markup, np.str_])
def test_a_text_of_any_class_is_answered_as_the_plain_one(kind):
    expected = dixtill.infer(TEXT, check=True)
    for answer in (
        dixtill.infer(kind(TEXT), check=True),
        dixtill.infer([kind(TEXT)], check=True)[0],
        dixtill.infer((TEXT, kind(TEXT)), check=True)[1],
    ):
        assert answer == expected
        assert type(answer.text) is str
        assert {type(word.text) for word in answer.words} == {str}
        assert answer._repr_html_() == expected._repr_html_()
        assert repr(answer) == repr(expected)
        assert str(answer) == str(expected)


def test_markup_is_escaped_once():
    page = dixtill.infer(Markup(TEXT))._repr_html_()
    assert "&lt;" in page
    assert "&amp;lt;" not in page
    assert escaped(Markup("<&>")) == escaped("<&>") == "&lt;&amp;&gt;"


def test_the_markup_of_markupsafe_is_escaped_once():
    markupsafe = pytest.importorskip("markupsafe")
    answer = dixtill.infer(markupsafe.Markup(TEXT))
    assert answer._repr_html_() == dixtill.infer(TEXT)._repr_html_()
    assert escaped(markupsafe.Markup("<&>")) == "&lt;&amp;&gt;"


@pytest.mark.parametrize("kind", [Odd, Markup, np.str_])
def test_labels_of_any_class_are_plain(kind):
    labels = ("a", "<b>", "c")
    classifier = Classifier(random_model(labels=tuple(map(kind, labels))))
    assert classifier.labels == labels
    assert {type(label) for label in classifier.labels} == {str}
    answer = classifier("up")
    assert answer == Classifier(random_model(labels=labels))("up")
    assert type(answer.label) is str


def test_a_prediction_that_is_made_by_hand_has_plain_strings():
    made = Prediction(Odd("up"), Direction.UP, 1.0, {Direction.UP: 1.0}, (), False)
    assert (type(made.text), type(made.label)) == (str, str)
    assert (made.text, made.label, str(made)) == ("up", "up", "up (1.00)")


def test_a_list_of_another_class_is_the_list_that_it_is():
    class Odds(list):
        def __getitem__(self, place):
            return ["slice"]

    assert dixtill.infer(Odds(["up", "down"])) == dixtill.infer(["up", "down"])


ANY = st.text(st.characters())


@hypothesis.given(text=ANY)
def test_only_surrogates_are_replaced_and_nothing_moves(text):
    expected = text.encode("utf-32-le", "surrogatepass").decode("utf-32-le", "replace")
    assert without_surrogates(text) == expected
    assert has_surrogates(text) == (text != expected)
    assert plain_str(Odd(text)) == text
    assert type(plain_str(Odd(text))) is str


@pytest.mark.parametrize("text", ["a b c ", "äöü漢 ", "🚀 up "])
def test_the_dict_of_a_long_text_takes_less_than_its_answer(text):
    text = text * 200_000
    answer = dixtill.infer(text)
    assert len(answer.words) < 1000
    assert _seconds(answer.to_dict) < _seconds(lambda: dixtill.infer(text)) + 0.005


def _seconds(call):
    """Return the least of five times: disturbances only add to a measurement."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
