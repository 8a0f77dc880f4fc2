"""Tests the words of tokens on cases worked out by hand, and against a brute-force search."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dixtill.distillation.attribution.alignment import Span, words_of_tokens
from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import split_words


def words(text: str) -> list[Span]:
    return [(word.start, word.end) for word in split_words(text, Normalizer())]


@pytest.mark.parametrize(
    ("text", "tokens", "expected"),
    [
        pytest.param(
            "unaffordable oil",
            [(0, 0), (0, 2), (2, 8), (8, 12), (13, 16), (0, 0)],
            [2, 0, 0, 0, 1, 2],
            id="wordpiece",
        ),
        pytest.param(
            "isn't up.",
            [(0, 3), (3, 4), (4, 5), (6, 8), (8, 9)],
            [0, 0, 0, 1, 2],
            id="punctuation inside a word belongs to it",
        ),
        pytest.param(
            "oil falls", [(0, 3), (3, 6), (6, 9)], [0, 1, 1], id="bpe with the space before a word"
        ),
        pytest.param(
            "a oil falls",
            [(0, 1), (1, 2), (2, 5), (5, 11)],
            [0, 3, 1, 2],
            id="sentencepiece with a space of its own",
        ),
        pytest.param(
            "in the end", [(0, 6), (6, 10)], [1, 2], id="a token of two words goes to the longer"
        ),
        pytest.param("up or", [(0, 5)], [0], id="the earlier word on a tie"),
        pytest.param("up", [(0, 0), (1, 1), (2, 2)], [1, 1, 1], id="zero-width tokens"),
        pytest.param(
            "go 🚀🚀 up",
            [(0, 2), (2, 4), (4, 5), (4, 5), (4, 5), (6, 8)],
            [0, 1, 1, 1, 1, 2],
            id="emoji in several byte tokens of the same span",
        ),
        pytest.param("", [(0, 0)], [0], id="no words"),
        pytest.param("up", [], [], id="no tokens"),
        pytest.param("a bc", [(2, 4), (0, 1), (2, 4)], [1, 0, 1], id="tokens out of order"),
    ],
)
def test_cases_worked_out_by_hand(text, tokens, expected):
    assert words_of_tokens(tokens, words(text)) == expected


@st.composite
def spans_in_order(draw: st.DrawFn) -> list[Span]:
    """Random spans of words, which are not empty, do not overlap, and may touch."""
    cuts = sorted(draw(st.sets(st.integers(0, 30), max_size=14)))
    return [pair for pair in pairwise(cuts) if draw(st.booleans())]


def most_overlapped(token: Span, words: list[Span]) -> int:
    overlaps = [len({*range(*token)} & {*range(*word)}) for word in words]
    return overlaps.index(max(overlaps)) if any(overlaps) else len(words)


any_span = st.tuples(st.integers(0, 32), st.integers(0, 8)).map(lambda s: (s[0], s[0] + s[1]))


@settings(deadline=None)
@given(tokens=st.lists(any_span, max_size=12), words=spans_in_order())
def test_each_token_goes_to_the_word_that_it_overlaps_most(tokens, words):
    assert words_of_tokens(tokens, words) == [most_overlapped(token, words) for token in tokens]
