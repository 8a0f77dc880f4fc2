"""Tests the student's pieces and their initial vectors."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import torch
from tiny_teachers import BUILDERS, TEXTS, build, tiny_teacher
from tokenizers.normalizers import (
    NFC,
    NFD,
    NFKC,
    NFKD,
    BertNormalizer,
    Lowercase,
    Replace,
    Sequence,
    StripAccents,
)

from dixtill.distillation.data.corpus import read_corpus
from dixtill.distillation.student.vocabulary import (
    EMBEDDING_STD,
    Vocabulary,
    starting_vectors,
    student_vocabulary,
)
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.specification.cleaning import clean
from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import CONTINUATION, UNKNOWN_PIECE, Tokenizer

ODD = ("Zürich   Über-ΣΊΣΥΦΟΣ 中文 e\u0301", "x" * 101, "", "un\u00adusual\x00 !?")
OTHER_KINDS = [kind for kind in BUILDERS if "bert" not in kind or kind.endswith("roberta")]


def pieces_of(vocabulary: Vocabulary, text: str) -> list[str]:
    tokenizer = Tokenizer(vocabulary.pieces, vocabulary.normalizer, max_pieces=10**6)
    return [vocabulary.pieces[i] for i in tokenizer(text).piece_ids]


def test_pruned_pieces_cut_the_training_texts_as_the_teacher_does(bert):
    texts = (*TEXTS, *ODD)
    vocabulary = student_vocabulary(texts, bert)
    for text in texts:
        assert pieces_of(vocabulary, text) == bert.tokenizer.tokenize(text)


@pytest.mark.slow
def test_pruned_pieces_cut_real_tweets_as_the_teacher_does(tfns, teacher_tfns):
    teacher = Teacher.load(teacher_tfns)
    texts = [clean(text) for text in read_corpus(tfns / "valid.csv").texts]
    vocabulary = student_vocabulary(texts, teacher)
    assert len(vocabulary.pieces) < 8000
    for text in texts:
        assert pieces_of(vocabulary, text) == teacher.tokenizer.tokenize(text)


@pytest.mark.parametrize("kind", BUILDERS)
def test_every_piece_occurs_in_the_training_texts(kind):
    vocabulary = student_vocabulary(TEXTS, tiny_teacher(kind))
    used = {piece for text in TEXTS for piece in pieces_of(vocabulary, text)}
    assert vocabulary.pieces[0] == UNKNOWN_PIECE
    assert set(vocabulary.pieces[1:]) == used - {UNKNOWN_PIECE}
    assert len(set(vocabulary.pieces)) == len(vocabulary.pieces)


def test_frequent_pieces_come_first(bert):
    vocabulary = student_vocabulary(("up hold up", "up no hold"), bert)
    assert vocabulary.pieces == (UNKNOWN_PIECE, "up", "hold", "no")


def test_the_normalizer_is_the_teachers(bert):
    model, tokenizer = build("bert")
    normalizer = tokenizer.backend_tokenizer.normalizer
    normalizer.lowercase = False
    cased = student_vocabulary(("É up UP",), Teacher(model, tokenizer))
    assert cased.normalizer == Normalizer(lowercase=False, strip_accents=False)
    assert student_vocabulary(TEXTS, bert).normalizer == Normalizer()


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_another_kind_of_teacher_gets_pieces_trained_on_the_texts(kind):
    vocabulary = student_vocabulary((*TEXTS, TEXTS[0]), tiny_teacher(kind))
    for text in TEXTS:
        assert UNKNOWN_PIECE not in pieces_of(vocabulary, text)
    assert "shares" in vocabulary.pieces  # longer pieces, not only letters
    assert any(piece.startswith(CONTINUATION) for piece in vocabulary.pieces)


KEPT = Normalizer(lowercase=False, strip_accents=False)


@pytest.mark.parametrize(
    ("normalizer", "expected"),
    [
        (None, KEPT),  # GPT-2, RoBERTa
        (NFKC(), KEPT),  # XLM-RoBERTa
        (NFC(), KEPT),  # Qwen
        (Lowercase(), Normalizer(lowercase=True, strip_accents=False)),
        (Sequence([NFKD(), StripAccents(), Lowercase()]), Normalizer()),  # ALBERT
        (Sequence([NFKD(), StripAccents()]), Normalizer(lowercase=False, strip_accents=True)),
        (Sequence([NFD(), Replace("\u0301", "")]), KEPT),  # only Latin accents
        (BertNormalizer(lowercase=True), Normalizer()),
        (BertNormalizer(lowercase=False), KEPT),
        (BertNormalizer(lowercase=True, strip_accents=False), Normalizer(True, False)),
    ],
)
def test_a_trained_vocabulary_follows_the_teachers_normalization(normalizer, expected):
    model, tokenizer = build("roberta")
    if normalizer is not None:
        tokenizer.backend_tokenizer.normalizer = normalizer
    vocabulary = student_vocabulary((*TEXTS, "Café CAFÉ"), Teacher(model, tokenizer))
    assert vocabulary.normalizer == expected
    expected_word = "Café"
    if expected.lowercase:
        expected_word = expected_word.lower()
    if expected.strip_accents:
        expected_word = expected_word.replace("é", "e")
    assert "".join(pieces_of(vocabulary, "Café")).replace(CONTINUATION, "") == expected_word


@pytest.mark.parametrize("teacher", [None, "roberta", "xlm_roberta"])
def test_vowel_signs_are_not_accents(teacher):
    texts = ("कुल लाभ", "कल लाभ", "かく がく", "tiền tiên")
    vocabulary = student_vocabulary(texts, teacher and tiny_teacher(teacher))
    for one, other in (("कुल", "कल"), ("かく", "がく"), ("tiền", "tiên")):
        assert pieces_of(vocabulary, one) != pieces_of(vocabulary, other)


@pytest.mark.slow
@pytest.mark.parametrize("weight", [lambda rank: 1, lambda rank: 1 / (rank + 30)])
def test_an_alphabet_is_as_large_as_the_texts_need(weight):
    ideographs = [chr(0x4E00 + i) for i in range(3500)]
    weights = [weight(rank) for rank in range(len(ideographs))]
    random = Random(0)
    texts = ["".join(random.choices(ideographs, weights, k=20)) for _ in range(1000)]
    vocabulary = student_vocabulary(texts, None)
    pieces = [piece for text in texts for piece in pieces_of(vocabulary, text)]
    assert pieces.count(UNKNOWN_PIECE) / len(pieces) < 0.001


def test_a_large_alphabet_leaves_room_for_longer_pieces():
    letters = [chr(0x1200 + i) for i in range(300)] + [chr(0x4E00 + i) for i in range(4500)]
    texts = [*("".join(letters[i : i + 20]) for i in range(0, len(letters), 20)), *TEXTS * 3]
    assert "shares" in student_vocabulary(texts, None).pieces


def test_stray_characters_of_a_large_alphabet_are_left_out():
    often, once = [chr(0x4E00 + i) for i in range(1500)], [chr(0x8000 + i) for i in range(10)]
    vocabulary = student_vocabulary(["".join(often)] * 30 + ["".join(once)], None)
    assert {*often} < {*vocabulary.pieces}
    assert not {*once} & {*vocabulary.pieces}


def test_wordpiece_after_another_normalizer_is_not_taken_over():
    model, tokenizer = build("bert")
    tokenizer.backend_tokenizer.normalizer = Lowercase()
    vocabulary = student_vocabulary(TEXTS, Teacher(model, tokenizer))
    assert not {*vocabulary.pieces[1:]} <= {*tokenizer.get_vocab()}


def test_trained_pieces_are_always_the_same():
    trained = [student_vocabulary(TEXTS, tiny_teacher("qwen2")).pieces for _ in range(5)]
    assert len(set(trained)) == 1


@pytest.mark.parametrize("kind", ["bert", "qwen2"])
def test_texts_without_a_piece_are_refused(kind):
    with pytest.raises(InputError, match="hold nothing that can be read"):
        student_vocabulary(["", "  \n"], tiny_teacher(kind))


@pytest.mark.parametrize("width", [5, 24, 40])
@pytest.mark.parametrize("kind", BUILDERS)
def test_vectors_have_the_students_width_and_a_fixed_spread(kind, width):
    teacher = tiny_teacher(kind)
    vocabulary = student_vocabulary(TEXTS, teacher)
    vectors = starting_vectors(vocabulary, teacher, width)
    assert vectors.shape == (len(vocabulary.pieces), width)
    assert vectors.dtype == torch.float32
    assert float(vectors.std()) == pytest.approx(EMBEDDING_STD, rel=1e-4)
    own_width = teacher.word_embeddings.weight.shape[1]
    assert (vectors[:, own_width:] == 0).all()
    assert vectors[:, : min(width, own_width)].abs().sum(dim=0).all()


@pytest.mark.parametrize("width", [24, 40])
def test_at_full_width_the_vectors_keep_all_inner_products(bert, width):
    vocabulary = student_vocabulary(TEXTS, bert)
    vectors = starting_vectors(vocabulary, bert, width)
    ids = bert.tokenizer.convert_tokens_to_ids(list(vocabulary.pieces))
    rows = bert.word_embeddings.weight[ids]
    rows = rows - rows.mean(dim=0)
    expected, actual = rows @ rows.T, vectors @ vectors.T
    scale = float(actual.trace() / expected.trace())
    torch.testing.assert_close(actual, expected * scale, atol=1e-4, rtol=1e-4)


def test_the_first_columns_hold_most_of_the_spread(bert):
    vectors = starting_vectors(student_vocabulary(TEXTS, bert), bert, 24)
    lengths = vectors.norm(dim=0).numpy()
    assert (np.diff(lengths) <= 1e-4).all()


@pytest.mark.parametrize(
    ("kind", "piece", "tokens"),
    [
        ("bert", "##ings", ["##ings"]),
        ("bert", UNKNOWN_PIECE, ["[UNK]"]),
        ("qwen2", "profit", ["Ġprofit"]),  # as after a space, where most words begin
        ("qwen2", "##s", ["s"]),
        ("xlm_roberta", "shares", ["▁shares"]),
        ("xlm_roberta", "##ings", ["ings"]),
        ("xlm_roberta", "profited", ["▁profit", "ed"]),
    ],
)
def test_a_piece_starts_from_the_teachers_tokens_for_it(kind, piece, tokens):
    teacher = tiny_teacher(kind)

    def mean(tokens: list[str]) -> torch.Tensor:
        ids = [teacher.tokenizer.get_vocab()[token] for token in tokens]
        return teacher.word_embeddings.weight[torch.tensor(ids)].mean(dim=0)

    vocabulary = Vocabulary((UNKNOWN_PIECE, "the", "no", piece)[piece == UNKNOWN_PIECE :],
                            Normalizer())  # fmt: skip
    vectors = dict(zip(vocabulary.pieces, starting_vectors(vocabulary, teacher, 24), strict=True))
    # At full width, distances are the teacher's times one factor.
    the, no = (mean(teacher.tokenizer.tokenize(f" {word}")) for word in ("the", "no"))
    factor = (vectors["the"] - vectors["no"]).norm() / (the - no).norm()
    for word, its_mean in (("the", the), ("no", no)):
        distance = (vectors[piece] - vectors[word]).norm()
        torch.testing.assert_close(distance, factor * (mean(tokens) - its_mean).norm())
