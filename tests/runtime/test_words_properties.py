"""Spans of words, on any text that hypothesis draws."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import Tokenizer, split_words

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

pytestmark = pytest.mark.python_only


_EMOJI = ["🚀", "⬆️", "👍🏽", "🏽", "\u200d", "🇩", "🇪", "❤", "\ufe0f", "−", "＄", "€", "1️⃣", "’", "ﬁ"]
# Marks that are stripped, of a high and a low class; one that stays; and dropped characters.
_MARKS = ["\u0301", "\u0334", "\ua9c0", "\0", "\ufffd"]
TEXTS = st.lists(
    st.sampled_from([*_EMOJI, *_MARKS, *"aé .%中"]) | st.characters(), max_size=60
).map("".join)
VOCABULARY = ["[UNK]", "a", "##a", "-", "$", "'", ".", "%", "e", "🚀", "🇩", "fi", "1", "##1", "’"]


@hypothesis.given(text=TEXTS, symbols=st.booleans())
@hypothesis.settings(max_examples=300, deadline=None)
def test_words_lie_in_order_inside_the_text(text, symbols):
    spans = [(word.start, word.end) for word in split_words(text, Normalizer(symbols=symbols))]
    assert all(start < end for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in pairwise([(0, 0), *spans, (len(text), 0)]))


@pytest.mark.slow
@hypothesis.given(text=TEXTS)
@hypothesis.settings(max_examples=500, deadline=None)
def test_a_plain_form_is_read_only_where_the_rest_is_unknown(text):
    tokenizer = Tokenizer(VOCABULARY, Normalizer(symbols=True), max_pieces=1000)
    for word in split_words(text, tokenizer.normalizer):
        for pretoken in word.pretokens:
            known = tokenizer._matches(pretoken.text)
            assert known in (None, tokenizer._pieces(pretoken.text))


@hypothesis.given(text=TEXTS)
@hypothesis.settings(max_examples=500, deadline=None)
def test_a_text_without_symbols_is_read_the_same_with_the_option_and_without_it(text):
    """The option `symbols` changes nothing in a text without symbols."""
    told, untold = Normalizer(symbols=True), Normalizer()
    normal = [char for char, _ in told(text) if char]
    if normal != [char for char, _ in untold(text) if char] or any(map(told.is_symbol, normal)):
        return
    if any(told.is_punctuation(char) and not untold.is_punctuation(char) for char in normal):
        return
    assert list(split_words(text, told)) == list(split_words(text, untold))
