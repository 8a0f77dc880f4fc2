"""Chooses the pieces that the student reads, and their initial vectors.

A WordPiece teacher's vocabulary is pruned to the pieces that occur in the training texts. For
another kind of teacher, or none, WordPiece is trained on those texts after the teacher's
normalization. The vectors come from the teacher's embedding matrix, or are random without one.
"""

from __future__ import annotations

import json
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from tokenizers.implementations import BertWordPieceTokenizer
from tokenizers.models import WordPiece
from torch import Tensor

from ...errors import InputError
from ...specification.normalizer import Normalizer
from ...specification.quick_tokenizer import quick_tokenizer
from ...specification.words import CONTINUATION, UNKNOWN_PIECE, split_words
from ..teacher.teacher import Teacher

TRAINED_VOCABULARY_SIZE = 8000
_COVERED = 0.9995  # share of the texts' characters in the alphabet of a trained vocabulary
_SMALLEST_LIMIT = 1000  # alphabets up to this size are kept whole
# A Latin accent, and two marks that only BERT treats as accents: a Japanese voicing mark and a
# Hindi vowel sign.
_CAPITALS, _ACCENTS = "PÉΣ", "é が कु"
# Standard deviation of the initial vectors; the student trains best near this value.
EMBEDDING_STD = 0.4


@dataclass(frozen=True)
class Vocabulary:
    """Pieces, with the unknown one first, and the normalizer that is applied before them."""

    pieces: tuple[str, ...]
    normalizer: Normalizer
    # How usual each piece is in general, by the teacher's vocabulary, 1 for the most usual one and
    # 0 where it does not tell; None without a teacher.
    ranks: tuple[int, ...] | None = None

    def first(self, num_pieces: int) -> Vocabulary:
        """Return the vocabulary of so many of the first pieces."""
        ranks = None if self.ranks is None else self.ranks[:num_pieces]
        return Vocabulary(self.pieces[:num_pieces], self.normalizer, ranks)


def student_vocabulary(
    texts: Iterable[str], teacher: Teacher | None, symbols: bool = False
) -> Vocabulary:
    """Choose pieces that occur in cleaned training `texts`, which are iterated several times.

    `symbols` says whether the normalizer keeps symbols as words.

    Raises:
        InputError: the texts hold no piece.
    """
    candidates = _wordpiece_of(teacher) if teacher else None
    if candidates is None:
        candidates = _trained(texts, replace(normalizer_of(teacher), symbols=symbols))
    else:
        normalizer = replace(candidates.normalizer, symbols=symbols)
        candidates = replace(candidates, normalizer=normalizer)
    read = quick_tokenizer(candidates.pieces, candidates.normalizer, max_pieces=2**31)
    counts = np.zeros(len(candidates.pieces), dtype=np.int64)
    for text in texts:
        np.add.at(counts, read(text).piece_ids, 1)
    # Most frequent first: common pieces share cache lines and pages.
    order = np.argsort(-counts, kind="stable")
    used = [candidates.pieces[i] for i in order if counts[i]]
    pieces = (UNKNOWN_PIECE, *(piece for piece in used if piece != UNKNOWN_PIECE))
    if len(pieces) == 1:
        raise InputError("the training texts hold nothing that can be read")
    return Vocabulary(pieces, candidates.normalizer, ranks_of(pieces, teacher) if teacher else None)


def ranks_of(pieces: Sequence[str], teacher: Teacher) -> tuple[int, ...]:
    """Return how usual the pieces are, by the places of their tokens in the teacher's vocabulary.

    Vocabularies list their tokens from the most frequent to the rarest, except for special tokens
    and characters, which come first. Of several tokens, the rarest counts.
    """
    unknown = teacher.tokenizer.unk_token_id
    places = {
        piece: max(ids)
        for piece, ids in zip(pieces, _teacher_ids(pieces, teacher), strict=True)
        if unknown not in ids
        and piece != UNKNOWN_PIECE
        and len(piece.removeprefix(CONTINUATION)) > 1
    }
    first = min(places.values(), default=0)
    return tuple(places[piece] - first + 1 if piece in places else 0 for piece in pieces)


def _wordpiece_of(teacher: Teacher) -> Vocabulary | None:
    """Return the teacher's vocabulary if it splits text like words.py, symbols aside, else None."""
    spec: dict[str, Any] = json.loads(teacher.tokenizer.backend_tokenizer.to_str())
    model, normalizer = spec["model"], spec["normalizer"] or {}
    is_bert = (
        model["type"] == "WordPiece"
        and model["unk_token"] == UNKNOWN_PIECE
        and model["continuing_subword_prefix"] == CONTINUATION
        and model["max_input_chars_per_word"] == 100
        and normalizer.get("type") == "BertNormalizer"
        and normalizer["clean_text"]
        and normalizer["handle_chinese_chars"]
        and (spec["pre_tokenizer"] or {}).get("type") == "BertPreTokenizer"
    )
    if not is_bert:
        return None
    lowercase = bool(normalizer["lowercase"])
    strip_accents = normalizer["strip_accents"]
    ids: dict[str, int] = model["vocab"]
    return Vocabulary(
        tuple(sorted(ids, key=ids.__getitem__)),
        Normalizer(lowercase, lowercase if strip_accents is None else bool(strip_accents)),
    )


def normalizer_of(teacher: Teacher | None) -> Normalizer:
    """Find the teacher's normalization by applying it to a few characters.

    Without a teacher, text is lowercased and keeps its accents, which are vowels in many scripts.
    """
    if teacher is None:
        return Normalizer(lowercase=True, strip_accents=False)
    normalizer = teacher.tokenizer.backend_tokenizer.normalizer

    def normalized(text: str) -> str:
        return text if normalizer is None else str(normalizer.normalize_str(text))

    accents = unicodedata.normalize("NFD", normalized(_ACCENTS))
    return Normalizer(
        lowercase=not any(char.isupper() for char in normalized(_CAPITALS)),
        strip_accents=not any(unicodedata.category(char) == "Mn" for char in accents),
    )


def _trained(texts: Iterable[str], normalizer: Normalizer) -> Vocabulary:
    """Train a WordPiece vocabulary on `texts`; equal texts give equal vocabularies."""

    def split() -> Iterator[str]:
        for text in texts:
            words = split_words(text, normalizer)
            yield " ".join(pretoken.text for word in words for pretoken in word.pretokens)

    alphabet = _alphabet(split())
    trainer = BertWordPieceTokenizer(
        clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False
    )
    # Each character is two pieces, one at the start of a word and one inside. A large alphabet
    # leaves as much room for longer pieces as an alphabet of _SMALLEST_LIMIT characters.
    excess = max(0, len(alphabet) - _SMALLEST_LIMIT)
    trainer.train_from_iterator(
        split(),
        TRAINED_VOCABULARY_SIZE + 2 * excess,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        # By default the library numbers continuations in the order of a hash table, and these
        # numbers decide ties between merges.
        special_tokens=[UNKNOWN_PIECE, *(CONTINUATION + char for char in alphabet)],
        show_progress=False,
    )
    ids = trainer.get_vocab()
    return Vocabulary(tuple(sorted(ids, key=ids.__getitem__)), normalizer)


def _alphabet(split: Iterable[str]) -> list[str]:
    """Return the most frequent characters: at least 1,000, and 99.95% of the split texts.

    The student reads other characters, such as stray symbols of other scripts, as unknown.
    """
    counts = Counter(char for text in split for char in text if char != " ")
    alphabet = sorted(counts, key=lambda char: (-counts[char], char))
    covered = list(accumulate(counts[char] for char in alphabet))
    enough = bisect_left(covered, _COVERED * counts.total()) + 1
    return alphabet[: max(_SMALLEST_LIMIT, enough)]


def starting_vectors(vocabulary: Vocabulary, teacher: Teacher | None, width: int) -> Tensor:
    """Return initial vectors [pieces, width]: the teacher's, reduced to that width by SVD.

    Without a teacher, vectors are drawn from PyTorch's generator.
    """
    return reduced_vectors(
        None if teacher is None else teacher_vectors(vocabulary, teacher),
        len(vocabulary.pieces),
        width,
    )


def teacher_vectors(vocabulary: Vocabulary, teacher: Teacher) -> Tensor:
    """Return the teacher's vectors of the pieces, [pieces, the teacher's width].

    A piece that is several tokens to the teacher gets the mean of their vectors.
    """
    matrix = teacher.embedding_matrix.detach().float().cpu()
    return torch.stack(
        [matrix[ids].mean(dim=0) for ids in _teacher_ids(vocabulary.pieces, teacher)]
    )


def reduced_vectors(rows: Tensor | None, num_pieces: int, width: int) -> Tensor:
    """Reduce the teacher's vectors of the first pieces, [pieces or more, any], to [pieces, width].

    Without `rows`, vectors are drawn from PyTorch's generator.
    """
    if rows is None:
        return torch.randn(num_pieces, width) * EMBEDDING_STD
    rows = rows[:num_pieces]
    rows = rows - rows.mean(dim=0)
    left, singular, _ = torch.linalg.svd(rows, full_matrices=False)
    rank = min(width, len(singular))
    vectors = torch.zeros(len(rows), width)
    vectors[:, :rank] = left[:, :rank] * singular[:rank]
    return vectors * (EMBEDDING_STD / vectors.std().clamp(min=1e-12))


def _teacher_ids(pieces: Sequence[str], teacher: Teacher) -> list[list[int]]:
    """Return the ids of the teacher's tokens for each piece."""
    own = teacher.tokenizer.get_vocab()
    unknown = teacher.tokenizer.unk_token_id
    fallback = [unknown if unknown is not None else teacher.tokenizer.pad_token_id]
    # BPE and SentencePiece recognize the beginning of a word by the space before it.
    texts = [
        piece.removeprefix(CONTINUATION) if piece.startswith(CONTINUATION) else f" {piece}"
        for piece in pieces
    ]
    spelled = teacher.tokenizer(texts, add_special_tokens=False)["input_ids"]
    is_wordpiece = isinstance(teacher.tokenizer.backend_tokenizer.model, WordPiece)
    names = pieces if is_wordpiece else texts
    return [
        [own[name]] if name in own else ids or fallback
        for name, ids in zip(names, spelled, strict=True)
    ]
