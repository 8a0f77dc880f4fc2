"""Words and pieces of short texts, by hand (test_words_huggingface.py has the others)."""

from __future__ import annotations

import pytest

from dixtill.errors import InputError
from dixtill.runtime.normalizer import Normalizer
from dixtill.runtime.words import Tokenizer, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \n\t ", []),
        ("don't stop", ["don't", "stop"]),
        ("$AAPL: up 5.3%!", ["$", "AAPL", ":", "up", "5.3", "%", "!"]),
        ("...", [".", ".", "."]),
        ("技の本", ["技", "の", "本"]),
        ("cafe\u0301 ❤\ufe0f", ["cafe\u0301", "❤\ufe0f"]),
        ("a\u200bb", ["a\u200bb"]),
    ],
)
def test_words_are_what_a_reader_would_call_words(text, words):
    assert [text[word.start : word.end] for word in split_words(text, Normalizer())] == words


def test_pieces_are_cut_at_the_limit_and_the_result_says_so():
    tokenizer = Tokenizer(["[UNK]", "a", "##b"], Normalizer(), max_pieces=3)
    whole, cut = tokenizer("ab a"), tokenizer("ab ab a")
    assert (whole.piece_ids, whole.truncated) == ([1, 2, 1], False)
    assert (cut.piece_ids, cut.word_of_piece, cut.spans, cut.truncated) == (
        [1, 2, 1],
        [0, 0, 1],
        [(0, 2), (3, 5)],
        True,
    )


def test_a_lone_surrogate_is_dropped():
    tokenizer = Tokenizer(["[UNK]", "a"], Normalizer())
    assert tokenizer("a \ud800").piece_ids == [1]


@pytest.mark.parametrize(
    ("vocabulary", "limit", "message"),
    [
        (["[UNK]", "a", "a"], 8, "twice"),
        (["a"], 8, "lacks the piece"),
        (["[UNK]"], 0, "at least 1"),
    ],
)
def test_an_unusable_vocabulary_is_refused(vocabulary, limit, message):
    with pytest.raises(InputError, match=message):
        Tokenizer(vocabulary, Normalizer(), limit)
