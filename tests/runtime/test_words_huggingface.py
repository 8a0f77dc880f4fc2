"""The tokenizer against the `tokenizers` library, which the project did not write."""

from __future__ import annotations

import csv
from itertools import islice

import pytest
from code_points import texts

from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import Tokenizer, split_words

tokenizers = pytest.importorskip("tokenizers", reason="compares with the tokenizers library")
hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

pytestmark = pytest.mark.python_only

SETTINGS = [(True, True), (True, False), (False, True), (False, False)]
UNITS = "[UNK] un ##aff ##able ##a ##b a b b## aff ##un é e $ ##é ! - ß ss i ##i 中 ##中 ."
VOCABULARY = [
    *UNITS.split(),
    *("\u1100", "##\u1161", "\u0302", "a" * 99, "##" + "a" * 30),
]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PIECE_TEXT = st.text("unafble é!-ßi\u1100\u1161中\u0302.$\t\u200b\u0301가", max_size=250)
# Marks whose order or class differs between versions of Unicode.
MARKS = st.text(
    "a\u1b44\u1dfb\u302e\u0301\u0327\U0001d165\u08d4\u0898\u0f71\u0f72 \u05b0", max_size=20
)


def huggingface(lowercase: bool, strip_accents: bool) -> tokenizers.Tokenizer:
    model = tokenizers.models.WordPiece(
        {piece: number for number, piece in enumerate(VOCABULARY)}, unk_token="[UNK]"
    )
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(
        lowercase=lowercase, strip_accents=strip_accents
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return tokenizer


@pytest.mark.slow
@pytest.mark.parametrize(("lowercase", "strip_accents"), [(True, True), (False, False)])
def test_every_code_point_normalizes_as_in_huggingface(lowercase, strip_accents):
    theirs = tokenizers.normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip_accents)
    ours = Normalizer(lowercase, strip_accents)
    differing = [
        ascii(text)
        for text in texts()
        if "".join(item.char for item in ours(text)) != theirs.normalize_str(text)
    ]
    assert differing == []


@pytest.mark.slow
def test_every_code_point_splits_as_in_huggingface():
    pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    normalizer = tokenizers.normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    for chars in texts():
        text = " ".join(f"a{char}b" for char in chars)
        theirs = [p for p, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text))]
        words = split_words(text, Normalizer(lowercase=False, strip_accents=False))
        assert [p.text for word in words for p in word.pretokens] == theirs, ascii(chars)


@pytest.mark.parametrize(("lowercase", "strip_accents"), SETTINGS)
@hypothesis.given(text=ANY_TEXT | PIECE_TEXT | MARKS)
@hypothesis.settings(max_examples=400, deadline=None)
def test_pieces_are_huggingfaces(lowercase, strip_accents, text):
    ours = Tokenizer(VOCABULARY, Normalizer(lowercase, strip_accents), max_pieces=10_000)
    assert ours(text).piece_ids == huggingface(lowercase, strip_accents).encode(text).ids


@pytest.mark.slow
def test_pieces_of_real_tweets_are_huggingfaces(tfns, teacher_tfns):
    theirs = tokenizers.Tokenizer.from_file(str(teacher_tfns / "tokenizer.json"))
    theirs.no_truncation()
    vocabulary = sorted(theirs.get_vocab(), key=theirs.get_vocab().__getitem__)
    ours = Tokenizer(vocabulary, Normalizer(), max_pieces=10_000)
    with open(tfns / "train.csv", newline="", encoding="utf-8") as file:
        for row in islice(csv.DictReader(file), 0, None, 4):
            expected = theirs.encode(row["text"], add_special_tokens=False).ids
            assert ours(row["text"]).piece_ids == expected, row["text"]
