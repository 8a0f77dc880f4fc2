"""Character references and places, on any text that hypothesis draws."""

from __future__ import annotations

import html

import pytest

from dixtill.specification.cleaning import clean_with_places

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

pytestmark = pytest.mark.python_only

_PARTS = [
    *("&", "#", "x", "X", ";", " ", "\n", "<", "a", "é", "0", "00", "1", "233", "128", "ffff"),
    *("amp", "copy", "2", "not", "it", "pound", "NotEqualTilde;", "CounterClockwiseContour"),
    *("www.", "https://", '"', "🚀", "\ud800"),
]
TEXTS = st.lists(st.sampled_from(_PARTS) | st.characters(), max_size=30).map("".join)


@pytest.mark.slow
@hypothesis.given(text=TEXTS)
@hypothesis.settings(max_examples=800, deadline=None)
def test_references_are_read_as_html_reads_them(text):
    cleaned = clean_with_places(text, ("html_entities_v2",))
    assert cleaned.text == html.unescape(text)


@hypothesis.given(text=TEXTS)
@hypothesis.settings(max_examples=500, deadline=None)
def test_every_character_has_a_place_and_together_they_are_the_text(text):
    cleaned = clean_with_places(text)
    places = list(cleaned.places)
    assert len(places) == len(cleaned.text) + 1
    assert places == sorted(set(places))
    assert places[-1] == len(text)
    for index, char in enumerate(cleaned.text):
        written = text[places[index]]
        assert written in (char, "&") or char == " " or written.isascii()
