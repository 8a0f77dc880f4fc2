"""Spans of words, on any text that hypothesis draws."""

from __future__ import annotations

import pytest

from dixtill.runtime.normalizer import Normalizer
from dixtill.runtime.words import split_words

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")


@hypothesis.given(text=st.text(max_size=200))
@hypothesis.settings(max_examples=300, deadline=None)
def test_words_lie_in_order_inside_the_text(text):
    spans = [(word.start, word.end) for word in split_words(text, Normalizer())]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    starts = [start for start, _ in spans]
    assert starts == sorted(starts)
