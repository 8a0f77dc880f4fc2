"""The native tokenizer against its specification, cleaning.py and words.py."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from itertools import islice, product

import pytest
from code_points import WITH_CASE, WITH_RULES, blocks
from examples import examples, some
from hypothesis import given, settings
from hypothesis import strategies as st
from native_tokenizer import NASTY, native

import dixtill
from dixtill.specification.cleaning import DEFAULT_RULES
from dixtill.specification.model_file import read_model
from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import Tokenizer

SETTINGS = [(True, True), (True, False), (False, True), (False, False)]
FIRST_RULES = ("urls", "html_entities")  # of students of format 3
RULES = [
    (),
    *((rule,) for rule in (*FIRST_RULES, *DEFAULT_RULES)),
    *(order for rules in (FIRST_RULES, DEFAULT_RULES) for order in (rules, rules[::-1])),
    ("html_entities_v2", "html_entities_v2", *FIRST_RULES),
]

# Letters, marks of several classes, entities and URLs, whole and broken.
FRAGMENTS = [
    *"abeiknruABKUßéÉİıſΣςǅ中技가각각한ツ❤😀.,!?#$%&;:/@'’…™[]-_09",
    *" \t\n\r\x0b\x0c\x1c\x1f\x7f\x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000\x00\xad\u200b\u200d",
    *"\u0301\u0302\u0323\u0327\u05b0\u0f71\u0f72\u1b44\u1dfb\u302e\u302f\ufe0f\U0001d165\U0001e944",
    *"\ud800\udfff\ufffd\uffff\U0010ffff\U000f0000\ue000\uf900\U0002f800\u0340\u1fbe\u2126\u212a",
    *("http://", "hTTps://", "https:", "www.", "WwW.", "xwww.", "éwww.", "_www.", "unaffable"),
    *("&amp;", "&lt;", "&nbsp;", "&hellip;", "&amp;lt;", "&AMP;", "&#39;", "&#x2019;", "&#X41;"),
    *("&#1114112;", "&#xd800;", "&#9999999;", "&#10000000;", "&#x1000000;", "&#;", "&#x;", "&#58;"),
    *("&#769;", "&#x200b;", "&#xg;", "&", "&#", "&#x", "a" * 99, "a" * 31, "e\u0301" * 20),
    *("&eacute;", "&eacute", "&copy2", "&notit;", "&NotEqualTilde;", "&fjlig", "&#128;", "&#0;"),
    *("&#00000000000000000233", "&#1;", "&#xfdd0;", "https:&#x2F;&#x2F;", "&quot;", '"', "<", "“"),
    *("🚀", "⬆️", "👍🏽", "👩\u200d💻", "🇩🇪", "🇫", "🏽", "1️⃣", "\u20e3", "🏴\U000e0067\U000e007f"),
    *("−", "‑", "–", "´", "€", "×", "°", "＄", "％", "Ａ", "ａb", "𝗣", "ﬁ", "½", "①", "…", "≠"),
]
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.characters(), max_size=40).map("".join)
SMALL = "ab#é\u0301中Aß."


class Pair:
    """The specification and the native tokenizer of the same settings."""

    def __init__(
        self,
        vocabulary: Sequence[str],
        lowercase: bool = True,
        strip_accents: bool = True,
        max_pieces: int = 256,
        rules: Sequence[str] = DEFAULT_RULES,
        symbols: bool = True,
    ) -> None:
        self._rules = rules
        normalizer = Normalizer(lowercase, strip_accents, symbols)
        self._ours = Tokenizer(vocabulary, normalizer, max_pieces)
        self.native = native(vocabulary, lowercase, strip_accents, max_pieces, rules, symbols)

    def check(self, text: str) -> None:
        expected = self._ours.read(text, self._rules)
        assert self.native(text) == (
            expected.piece_ids,
            expected.word_of_piece,
            expected.spans,
            expected.truncated,
        )


PAIRS = [
    Pair(NASTY, *setting, rules=rules, symbols=symbols)
    for setting in SETTINGS
    for rules in RULES
    for symbols in (True, False)
]


@pytest.mark.slow
@given(pair=st.sampled_from(PAIRS), text=TEXTS)
@settings(max_examples=examples(2000), deadline=None)
def test_any_text_is_read_as_the_specification_says(pair, text):
    pair.check(text)


BLOCK = 4096  # characters that are read before the next look for signals (csrc/process/blocks.h)
LONG_PAIRS = [Pair(NASTY, rules=rules, max_pieces=10 * BLOCK) for rules in RULES]


@pytest.mark.slow
@given(
    pair=st.sampled_from(LONG_PAIRS),
    filler=st.sampled_from(" a-\u0301é:&"),
    num_before=st.integers(BLOCK - 60, BLOCK),
    text=TEXTS,
)
@settings(max_examples=examples(60), deadline=None)
def test_what_lies_across_two_blocks_is_read_as_the_specification_says(
    pair, filler, num_before, text
):
    pair.check(filler * num_before + text + filler * BLOCK)


@pytest.mark.slow
@given(
    pieces=st.sets(st.text(SMALL, max_size=4).map(lambda piece: piece.replace("a#", "##"))),
    setting=st.sampled_from(SETTINGS),
    max_pieces=st.integers(1, 12),
    text=st.text(SMALL + " ", max_size=30),
)
@settings(max_examples=examples(1000), deadline=None)
def test_any_vocabulary_is_read_as_the_specification_says(pieces, setting, max_pieces, text):
    Pair(["[UNK]", *pieces], *setting, max_pieces).check(text)


@pytest.mark.slow
@pytest.mark.parametrize("max_pieces", some(range(1, 21), few=(1, 7, 20)))
@given(setting=st.sampled_from(SETTINGS), text=TEXTS)
@settings(max_examples=examples(50), deadline=None)
def test_a_text_is_cut_where_the_specification_cuts_it(max_pieces, setting, text):
    Pair(NASTY, *setting, max_pieces).check(text)


@pytest.mark.parametrize("text", ["a.!?b!! a", "!!!!!!!!a", "a!!!!!!!!", "a.b.c.d.e", "a!\u0301 ."])
@pytest.mark.parametrize("max_pieces", range(1, 13))
def test_punctuation_is_cut_where_the_specification_cuts_it(text, max_pieces):
    Pair(NASTY, max_pieces=max_pieces).check(text)


@pytest.mark.slow
@pytest.mark.parametrize(("lowercase", "strip_accents"), SETTINGS)
def test_every_code_point_is_read_as_the_specification_says(lowercase, strip_accents):
    # What a plane has no rules for is read alike whatever the setting: once is enough.
    is_first = lowercase and strip_accents
    planes = WITH_RULES if lowercase == strip_accents else WITH_CASE
    normalizer = Normalizer(lowercase, strip_accents)
    for block in blocks() if is_first else blocks(planes):
        chars = [chr(c) for c in block]
        # From the specification, so that each character has a piece of its own.
        normal = {item.char for item in normalizer("a" + "".join(chars))} - {"", " "}
        pieces = [*normal, *("##" + char for char in normal)]
        has_rules = block[0] >> 16 in WITH_RULES
        text = " ".join(
            [f"{char}a{char}" for char in chars]
            if has_rules
            else ["".join(chars[start : start + 50]) for start in range(0, len(chars), 50)]
        )
        for symbols in (True, False) if is_first and has_rules else (True,):
            Pair(["[UNK]", *pieces], lowercase, strip_accents, 100_000, (), symbols).check(text)


@pytest.mark.parametrize("start", ["", "a", "é", "\u0f71", "a."])
def test_marks_in_any_order_are_read_as_the_specification_says(start):
    # Two that are stripped, and four of three classes that are not.
    marks = "\u0301\u0323\u302e\u302f\u1b44\U0001d165"
    pieces = ["[UNK]", "a", "e", *marks, *(f"##{mark}" for mark in marks)]
    text = " ".join(start + "".join(some) for some in product(marks, repeat=4))
    for setting in SETTINGS:
        Pair(pieces, *setting, max_pieces=100_000).check(text)
        Pair(pieces, *setting, max_pieces=100_000).check(text.replace(" ", "\x00 b\x00"))


@pytest.mark.slow
def test_real_tweets_are_read_as_the_specification_says(tfns):
    model = read_model(dixtill.SHIPPED_MODEL)
    settings = model.settings
    options = (
        model.vocabulary, settings.lowercase, settings.strip_accents, settings.max_pieces,
    )  # fmt: skip
    pairs = [Pair(*options, settings.cleaning, symbols=False), Pair(*options)]
    for name in ("train.csv", "valid.csv"):
        with open(tfns / name, newline="", encoding="utf-8") as file:
            for row in islice(csv.DictReader(file), 0, None, 4):
                for pair in pairs:
                    pair.check(row["text"])


@pytest.mark.parametrize("length", some(range(95, 106), few=(99, 100, 101)))
@pytest.mark.parametrize("char", ["a", "é", "中", "ǅ", "가", "İ", "\U0001e922"])
def test_a_pretoken_of_any_length_is_read_as_the_specification_says(char, length):
    for lowercase, strip_accents in SETTINGS:
        pieces = {"[UNK]", char, "##" + char, "##a", "a", "##i", "i"}
        pair = Pair(sorted(pieces), lowercase, strip_accents)
        pair.check(char * length)
        pair.check(char * length + ".a" * 3)
        pair.check(char + "a" * (length - 2) + char)


HOSTILE = [
    *("a", "!", "a!", "a.b ", " ", "\x00", "中", "ᄀ", "가", "😀", "éa ", "\ud800"),
    *("\u0301", "\u0323\u0301", "\u302e", "\u1b44\u302e", "a\u0301", "a\u1dfb"),
    *(
        "&",
        "&#",
        "&#39;",
        "&#769;",
        "&#1;",
        "&NotEqualTilde;",
        "🏽",
        "🇩",
        "👩\u200d",
        "−",
        "w",
        "www.",
        "http:",
        "http://",
        ":",
    ),
    *("a" * 99 + "b", "unaffabl "),
]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("start", some(("", "a", "a. "), few=("a. ",)))
def test_a_long_text_is_read_as_the_specification_says(unit, start):
    text = start + unit * ((BLOCK + 500) // len(unit)) + "a"
    for max_pieces in (5, 20_000):
        Pair(NASTY, max_pieces=max_pieces).check(text)


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("max_pieces", [5, 10_000_000])
def test_a_long_text_costs_time_in_proportion_to_its_length(unit, max_pieces):
    tokenizer = native(NASTY, max_pieces=max_pieces)
    text = "a" + unit * (200_000 // len(unit))
    start = time.process_time()
    tokenizer(text)
    assert time.process_time() - start < 1  # it takes 0.02 s; a square of bytes copied, 4 s
