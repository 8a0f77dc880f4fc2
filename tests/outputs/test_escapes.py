"""Terminals, JSON, Markdown and spreadsheets show texts and never obey them."""

from __future__ import annotations

import ast
import json
import unicodedata

import pytest

from dixtill.escapes import UNSAFE, escape_json, guard_formula, in_markdown, in_python, printable

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

ALL = "".join(map(chr, range(0x110000)))
BIDIRECTIONAL = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def test_every_control_and_override_is_unsafe_and_no_letter_is():
    for char in ALL:
        kind = unicodedata.category(char)
        is_obeyed = kind in ("Cc", "Cs", "Zl", "Zp")
        if is_obeyed or unicodedata.bidirectional(char) in BIDIRECTIONAL:
            assert ord(char) in UNSAFE, hex(ord(char))
        elif ord(char) in UNSAFE:
            assert kind in ("Cf", "Cn"), hex(ord(char))
    assert not any(chr(code).isprintable() for code in UNSAFE)  # `printable` asks this first


def test_a_terminal_gets_the_same_number_of_characters_and_only_safe_ones():
    shown = printable(ALL)
    assert len(shown) == len(ALL)
    assert not UNSAFE & set(map(ord, shown))
    assert all(a == b or ord(a) in UNSAFE for a, b in zip(ALL, shown, strict=True))
    assert printable("👩\u200d🚀 می\u200cخواهم") == "👩\u200d🚀 می\u200cخواهم"


@hypothesis.given(st.text())
def test_escapes_of_json_change_no_value(text):
    encoded = json.dumps(text.replace("\ud800", ""), ensure_ascii=False).encode("utf-8", "replace")
    written = escape_json(encoded)
    assert json.loads(written) == json.loads(encoded)
    assert not UNSAFE & set(map(ord, written.decode()))


def text_of_markdown(source, **options):
    """Return the text that a reader of Markdown sees, and the kinds of markup in it."""
    markdown_it = pytest.importorskip("markdown_it", reason="reads Markdown with markdown-it-py")
    parser = markdown_it.MarkdownIt("commonmark").enable("table")
    tokens = [token for block in parser.parse(source) for token in (block, *(block.children or ()))]
    text = "".join(token.content for token in tokens if token.type == "text")
    return text, {token.type for token in tokens}


PLAIN = {"paragraph_open", "inline", "text", "paragraph_close"}
TABLE = {
    f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td")
    for end in ("open", "close")
}  # fmt: skip
MARKUP = st.text(st.sampled_from("ab*_`[]()<>!&#|\\~$=+-.:/; \n\t\x1b1"), min_size=1)


@hypothesis.given(MARKUP)
def test_markdown_shows_a_label_as_it_is(label):
    text, kinds = text_of_markdown(f"a {in_markdown(label)} b")
    assert kinds == PLAIN
    assert text.split() == f"a {printable(' '.join(label.split()))} b".split()


@hypothesis.given(MARKUP)
def test_a_cell_of_a_table_stays_one_cell(label):
    text, kinds = text_of_markdown(f"| x | y |\n|---|---|\n| {in_markdown(label)} | end |")
    assert kinds == TABLE | {"inline", "text"}
    assert text.split() == f"xy{printable(' '.join(label.split()))}end".split()


@hypothesis.given(st.text())
@hypothesis.example(
    "🚀"
)  # JSON writes two escapes for it, which Python would read as two characters
def test_a_literal_is_read_back_by_python(text):
    literal = in_python(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert ast.literal_eval(literal) == text


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_cell_that_could_be_a_formula_begins_with_an_apostrophe(begin):
    cell = f"{begin}cmd|' /C calc'!A0"
    assert guard_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "up", "-5", "+1.5e-7", "-.5", "'=1", " =1", "a=b"])
def test_other_cells_stay_as_they_are(cell):
    assert guard_formula(cell) == cell


@pytest.mark.parametrize("cell", ["-5%", "-5+2", "-", "+44 20", "-٣", "=5"])
def test_only_plain_numbers_may_begin_with_a_sign(cell):
    assert guard_formula(cell) == f"'{cell}"
