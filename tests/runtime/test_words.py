"""Words and pieces of short texts, by hand (test_words_huggingface.py has the others)."""

from __future__ import annotations

import pytest

from dixtill.errors import InputError
from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import Tokenizer, split_words

pytestmark = pytest.mark.python_only


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
        # U+A9C0 is a letter's sign with a combining class, and a word where it follows punctuation.
        ("?\u0301\ua9c0\ufffdx", ["?", "\u0301\ua9c0\ufffdx"]),
        ("?\u0334\ua9c0", ["?", "\u0334\ua9c0"]),
        ("?\ua9c0\u0334", ["?", "\ua9c0\u0334"]),
        ("?\u0301\0 a", ["?\u0301\0", "a"]),
    ],
)
def test_words_are_what_a_reader_would_call_words(text, words):
    assert [text[word.start : word.end] for word in split_words(text, Normalizer())] == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Shares soar🚀", ["Shares", "soar", "🚀"]),
        ("🚀🚀$AAPL🚀!", ["🚀", "🚀", "$", "AAPL", "🚀", "!"]),
        ("up ⬆️ 5%", ["up", "⬆️", "5", "%"]),
        ("−3.5% 2019−2020", ["−", "3.5", "%", "2019−2020"]),
        ("long‑term don´t", ["long‑term", "don´t"]),
        ("€5bn 20°C 5×3", ["€", "5bn", "20", "°", "C", "5", "×", "3"]),
        ("＄５％", ["＄", "５", "％"]),
        ("👍🏽🏽👍", ["👍🏽🏽", "👍"]),
        ("👩🏽\u200d💻👩\u200d👩\u200d👧x", ["👩🏽\u200d💻", "👩\u200d👩\u200d👧", "x"]),
        ("🇩🇪🇫🇷🇺 🇸", ["🇩🇪", "🇫🇷", "🇺", "🇸"]),
        ("❤️\u200d🔥", ["❤️\u200d🔥"]),
        ("a\u200d🚀", ["a\u200d", "🚀"]),
        ("🏽", ["🏽"]),
        ("1️⃣2 #️⃣", ["1️⃣2", "#️⃣"]),
        ("🏴\U000e0067\U000e0062\U000e007fup", ["🏴\U000e0067\U000e0062\U000e007f", "up"]),
        ("\U0001faea up", ["\U0001faea", "up"]),  # reserved for an emoji of the future
    ],
)
@pytest.mark.parametrize("strip_accents", [True, False])
def test_a_symbol_stands_alone(text, words, strip_accents):
    normalizer = Normalizer(strip_accents=strip_accents, symbols=True)
    assert [text[word.start : word.end] for word in split_words(text, normalizer)] == words


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("−3", "- 3"),
        ("‑ – —", "- – -"),  # one of them is in the vocabulary
        ("’ ‘ “ ” … ‼", "' ' \" \" . [UNK]"),
        ("ａｂ ＡＢ", "a ##b a ##b"),
        ("𝐀𝐁 ﬁx", "a ##b fi ##x"),
        ("＄ ％ €", "$ % [UNK]"),
        ("㋏ ½ 株", "[UNK] [UNK] [UNK]"),
        ("é", "e"),
        ("x" * 101 + " " + "⑩" * 51, "[UNK] [UNK]"),  # more than WordPiece looks at
    ],
)
def test_what_is_unknown_is_read_in_its_plain_form(text, pieces):
    vocabulary = ["[UNK]", *"-–3'\".a$%e1", "##b", "fi", "##x", "##0", "##1"]
    read = Tokenizer(vocabulary, Normalizer(symbols=True))(text)
    assert " ".join(vocabulary[i] for i in read.piece_ids) == pieces


def test_a_plain_form_keeps_its_case_where_case_counts():
    tokenizer = Tokenizer(["[UNK]", "A", "a"], Normalizer(lowercase=False, symbols=True))
    assert tokenizer("Ａ ａ").piece_ids == [1, 2]


def test_a_word_stands_where_the_user_wrote_it():
    text = "Nestl&#233;s &gt; up&nbsp;5&#37;"
    read = Tokenizer(["[UNK]"], Normalizer(symbols=True)).read(text, ("html_entities_v2",))
    words = ["Nestl&#233;s", "&gt;", "up", "5", "&#37;"]
    assert [text[start:end] for start, end in read.spans] == words


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
