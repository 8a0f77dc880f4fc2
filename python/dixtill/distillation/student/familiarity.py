"""Finds what a student needs to tell familiar texts from others (specification/familiarity.py).

A word's evidence is the logarithm of a ratio, its share of the training texts over its share of
other texts (for density ratios against a background, see Ren et al., "Likelihood Ratios for
Out-of-Distribution Detection", 2019). Other texts are half general ones, where a word is as usual
as its place in the teacher's vocabulary says, and half in no language: the training texts with the
characters of each word in random order. Validation texts, from which the student did not learn,
say what is usual.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ...runtime.model_file.familiarity import NUM_QUANTILES, NUM_WORD_BYTES, num_evidence_pieces
from ...specification.familiarity import (
    LARGEST_EVIDENCE,
    NO_EVIDENCE,
    Familiarity,
    split_words,
    word_bits,
)
from ...specification.quick_tokenizer import quick_tokenizer
from ...specification.words import CONTINUATION, UNKNOWN_PIECE
from ..data.kind import Kind
from .examples import Examples
from .vocabulary import Vocabulary

FloatArray = npt.NDArray[np.float64]
Word = tuple[int, ...]  # the pieces of a pre-token

_MAX_KNOWN_WORDS = 2048  # sets 22% of the filter's bits, so that 5% of other words seem known
_MIN_COUNT = 2  # of a known word
_MAX_SHUFFLES = 10  # of one word
_ZIPF_SHIFT, _ZIPF_SUM = 2.7, 10.0  # Mandelbrot's constant, and about the sum of 1 / (rank + 2.7)
_LOWEST = -LARGEST_EVIDENCE  # mean evidence of a text
_GENERAL_UNKNOWN, _SHUFFLED_UNKNOWN = 1e-3, 0.2  # shares of unknown words in other texts


def fit_familiarity(train: Examples, valid: Examples, vocabulary: Vocabulary) -> Familiarity:
    """Return what tells texts like those of `train`, perturbed ones aside, from other texts."""
    is_continuation = [piece.startswith(CONTINUATION) for piece in vocabulary.pieces]
    words: Counter[Word] = Counter()
    for row in np.flatnonzero(train.kinds.numpy() != Kind.MADE).tolist():
        words.update(split_words(train.piece_ids[row].tolist(), is_continuation))
    found = replace(
        no_familiarity(len(vocabulary.pieces)),
        evidence=_evidence(words, _shuffled(words, vocabulary, is_continuation), vocabulary),
        known_words=_bloom_filter(_known(words)),
    )
    unknown_id = vocabulary.pieces.index(UNKNOWN_PIECE)
    means = (
        found.mean_evidence(ids.tolist(), is_continuation, unknown_id) for ids in valid.piece_ids
    )
    return replace(
        found, quantiles=_quantiles([_LOWEST if mean is None else mean for mean in means])
    )


def no_familiarity(num_pieces: int) -> Familiarity:
    """Return what tells nothing, and is as large as what `fit_familiarity` finds."""
    return Familiarity(
        evidence=np.zeros(num_evidence_pieces(num_pieces), np.int8),
        known_words=_bloom_filter([]),
        quantiles=_quantiles([]),
    )


def _known(words: Counter[Word]) -> list[Word]:
    """Return the most frequent words of several pieces."""
    several = Counter({word: count for word, count in words.items() if len(word) > 1})
    return [word for word, count in several.most_common(_MAX_KNOWN_WORDS) if count >= _MIN_COUNT]


def _bloom_filter(words: Iterable[Word]) -> npt.NDArray[np.uint8]:
    bits = np.zeros(8 * NUM_WORD_BYTES, bool)
    for word in words:
        bits[list(word_bits(word))] = True
    return np.packbits(bits, bitorder="little")


def _evidence(
    words: Counter[Word], shuffled: Mapping[Word, float], vocabulary: Vocabulary
) -> npt.NDArray[np.int8]:
    """Return the evidence of words of one piece, in whole bits.

    How usual a single character is in general, the teacher's vocabulary does not tell; it is taken
    to be as usual there as in the student's texts.
    """
    pieces = vocabulary.pieces
    unknown_id = pieces.index(UNKNOWN_PIECE)
    own = _shares(words, len(pieces))
    general = own.copy()
    if vocabulary.ranks is not None:
        ranks = np.asarray(vocabulary.ranks)
        general = np.where(ranks > 0, 1.0 / ((ranks + _ZIPF_SHIFT) * _ZIPF_SUM), own)
    general[unknown_id] = _GENERAL_UNKNOWN
    no_language = _shares(shuffled, len(pieces)) * (1 - _SHUFFLED_UNKNOWN)
    no_language[unknown_id] = _SHUFFLED_UNKNOWN
    bits = np.log2(own / (0.5 * general + 0.5 * no_language))
    last = num_evidence_pieces(len(pieces)) - 1
    bits[last] = np.average(bits[last:], weights=own[last:])
    rounded = np.rint(bits[: last + 1]).clip(-LARGEST_EVIDENCE, LARGEST_EVIDENCE)
    evidence: npt.NDArray[np.int8] = rounded.astype(np.int8)
    for i, piece in enumerate(pieces[: last + 1]):
        if piece != UNKNOWN_PIECE and not any(map(str.isalnum, piece)):
            evidence[i] = NO_EVIDENCE
    return evidence


def _shuffled(
    words: Counter[Word], vocabulary: Vocabulary, is_continuation: Sequence[bool]
) -> dict[Word, float]:
    """Return the counts of words whose characters are put in random order."""
    rng = np.random.default_rng(0)
    read = quick_tokenizer(vocabulary.pieces, vocabulary.normalizer, max_pieces=2**31 - 1)
    shuffled: dict[Word, float] = defaultdict(float)
    for word, count in words.items():
        chars = [char for i in word for char in vocabulary.pieces[i].removeprefix(CONTINUATION)]
        times = min(count, _MAX_SHUFFLES)
        text = " ".join("".join(rng.permutation(chars)) for _ in range(times))
        for made in split_words(read(text).piece_ids, is_continuation):
            shuffled[made] += count / times
    return shuffled


def _shares(words: Mapping[Word, float], num_pieces: int) -> FloatArray:
    """Return the share of each piece, as a word, among all words; each counts once more."""
    counts = np.ones(num_pieces)
    for word, count in words.items():
        if len(word) == 1:
            counts[word[0]] += count
    shares: FloatArray = counts / (sum(words.values()) + num_pieces)
    return shares


def _quantiles(means: Sequence[float]) -> npt.NDArray[np.float32]:
    """Return the quantiles, rounded down, the lowest mean that is possible first.

    Rounded down, and each of them the mean of a text, so that at least 95% lie above that of 5%.
    """
    levels = np.linspace(0, 1, NUM_QUANTILES)
    exact = np.quantile([_LOWEST, *means], levels, method="lower")
    rounded = exact.astype(np.float32)
    too_high = rounded > exact
    rounded[too_high] = np.nextafter(rounded[too_high], np.float32(-np.inf))
    return rounded
