"""Words as HTML: the text is unchanged, and a browser obeys none of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from explained import HOSTILE, checked, predicted

import dixtill
from dixtill.runtime.prediction import ExplainedWord, Prediction
from dixtill.runtime.show.html import STYLE, escaped, prediction_html, words_html

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")


class Elements(HTMLParser):
    """Collects elements with their attributes, and the text, by Python's own parser."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_decl = unknown_decl = handle_pi = handle_comment


def without_controls(text):
    """Remove what must not be shown of a text, by an independent regular expression."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)


def is_harmless(html, text):
    found = Elements(html)
    assert found.text == without_controls(text)
    assert found.tags[0] == ("span", {"class": "dixtill-words", "dir": "auto"})
    for tag, attributes in found.tags[1:]:
        assert tag == "b"
        assert set(attributes) <= {"class", "title"}
        assert re.fullmatch(r"[+−]\d+\.\d\d( / [+−]\d+\.\d\d)?( \(unknown\))?", attributes["title"])
    html.encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_text(text):
    is_harmless(words_html(predicted(text)), text)
    is_harmless(words_html(dixtill.infer(text, check=True)), text)


def test_a_word_that_the_student_does_not_know_is_marked():
    words = ExplainedWord("up", 0, 2, 1.0), ExplainedWord("🍕", 3, 5, 0.0, is_unknown=True)
    answer = Prediction("up 🍕", "a", 1.0, {"a": 1.0}, words, False, unknown_share=0.5)
    assert '<b class=unknown title="+0.00 (unknown)">🍕</b>' in words_html(answer)
    assert "the student does not know" in prediction_html(answer)
    assert "the student does not know" not in prediction_html(predicted("up"))


@hypothesis.given(st.text(max_size=60) | st.text("<>&\"'/=!-script \x00\x1b\ud800;#x", max_size=60))
@hypothesis.settings(max_examples=300, deadline=None)
def test_any_text_stays_text(text):
    is_harmless(words_html(predicted(text)), text)
    is_harmless(words_html(dixtill.infer(text)), text)


def test_words_are_colored_where_they_stand():
    html = words_html(predicted("Up, not  down", [1.0, -0.5, -0.01]))
    assert html == (
        '<span class="dixtill-words" dir="auto"><b class=p5 title=+1.00>Up,</b> '
        "<b class=n3 title=−0.50>not</b>  <b title=−0.01>down</b></span>"
    )


def test_a_scale_of_ones_own_makes_texts_comparable():
    assert "class=p1" in words_html(predicted("up", [0.2]), scale=1.0)
    assert "class=p5" in words_html(predicted("up", [9.0]), scale=1.0)
    assert "class=p5" in words_html(predicted("up", [0.2]))
    assert "class" not in words_html(predicted("up", [0.0])).split("<b")[1]


def test_words_that_change_the_label_are_outlined_and_effects_told():
    html = words_html(checked("a b", [1.0, 0.0], flip=(1, 0)))
    assert '<b class="p5 flip" title="+1.00 / +2.00">a</b>' in html
    assert '<b class=flip title="+0.00 / +0.00">b</b>' in html


def test_words_that_overlap_lose_no_character_and_double_none():
    words = (
        ExplainedWord("abc", 0, 3, 1.0),
        ExplainedWord("bc", 1, 3, 1.0),
        ExplainedWord("cd", 2, 4, 1.0),
    )
    odd = Prediction("abcd", "a", 1.0, {"a": 1.0}, words, False)
    assert Elements(words_html(odd)).text == "abcd"


def test_a_notebook_gets_one_self_contained_piece():
    html = predicted("<b>up</b>", labels=("bullish", "<i>"))._repr_html_()
    assert html == prediction_html(predicted("<b>up</b>", labels=("bullish", "<i>")))
    assert f"<style>{STYLE}</style>" in html
    assert "&lt;b&gt;up&lt;/b&gt;" in html
    assert not re.search(r"https?:|url\(|@import|<script|<link", html)


def test_a_notebook_shows_notes_about_the_answer():
    unsure = predicted(
        "up", [0.5], label="<i>", labels=("<i>", "b"), probability=0.6, threshold=0.8
    )
    assert "<strong>no label</strong>: &lt;i&gt; (0.60) is below 0.8" in unsure._repr_html_()
    checks = checked("a b", [1.0, 0.5], flip=(0,))._repr_html_()
    assert "without “a” the label changes; rank correlation" in checks
    cut = Prediction("a", "a", 1.0, {"a": 1.0}, (), True)
    assert "the rest was left out" in cut._repr_html_()


def test_the_style_touches_nothing_but_its_own():
    rules = re.sub(r"@media[^{]+", "", STYLE)
    selectors = [part.strip() for part in re.findall(r"([^{}]+)\{", rules)]
    assert len(selectors) > 10
    assert all(s.startswith((".dixtill-words", ".dixtill-prediction")) for s in selectors if s)


def test_an_attribute_cannot_be_left():
    assert escaped("\"'<>&\x00") == "&quot;&#x27;&lt;&gt;&amp;\ufffd"
