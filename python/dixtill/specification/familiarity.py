"""Specifies how familiar a text is: how much its words are those that the student learned from.

A word here is a pre-token. Each has a number, its evidence: how much more often the student's
texts have it than others do, in bits. The mean of a text's numbers is compared with those of the
validation texts. Sums are of integers, so native code equals all of this bit for bit.
distillation/student/familiarity.py finds the numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..runtime.model_file.familiarity import (
    NUM_QUANTILES,
    NUM_WORD_BYTES,
    num_evidence_pieces,
)
from .parameters import Float32Array, Int8Array, UInt8Array, pack_nibbles, unpack_nibbles

LARGEST_EVIDENCE = 7  # bits: 128 times as often
NO_EVIDENCE = -8  # of a piece without a letter or digit, which is not counted
KNOWN_WORD, UNKNOWN_WORD = 4, -2  # evidence of a word of several pieces
PRIOR_WORDS = 2  # a text is judged as if it had two more words, of evidence 0
_NUM_BITS = 8 * NUM_WORD_BYTES


@dataclass(frozen=True, eq=False, kw_only=True)
class Familiarity:
    """What a student knows of the texts that it learned from, for V pieces.

    Raises:
        InputError: an array has another type or shape, or quantiles that fall or are not finite.
    """

    evidence: Int8Array  # [num_evidence_pieces(V)]; the last one is that of all later pieces, too
    known_words: UInt8Array  # [NUM_WORD_BYTES], a Bloom filter of words of several pieces
    quantiles: Float32Array  # [NUM_QUANTILES], of the validation texts' means, evenly spaced

    def __post_init__(self) -> None:
        _check("evidence", self.evidence, np.int8, len(self.evidence))
        _check("known_words", self.known_words, np.uint8, NUM_WORD_BYTES)
        _check("quantiles", self.quantiles, np.float32, NUM_QUANTILES)
        if self.evidence.min() < NO_EVIDENCE or self.evidence.max() > LARGEST_EVIDENCE:
            raise InputError(
                f"the evidence of a piece lies in [{self.evidence.min()}, {self.evidence.max()}], "
                f"expected [{NO_EVIDENCE}, {LARGEST_EVIDENCE}]"
            )
        if not np.isfinite(self.quantiles).all() or (np.diff(self.quantiles) < 0).any():
            raise InputError("the quantiles of familiarity are not finite, or they fall")

    def tensors(self) -> dict[str, UInt8Array | Float32Array]:
        """Return what a model file holds; `of_tensors` reads it."""
        row = (self.evidence.astype(np.int16) * 16).astype(np.int8)
        return {
            "familiarity_evidence_q4": pack_nibbles(row[None])[0],
            "familiarity_words": self.known_words,
            "familiarity_quantiles": self.quantiles,
        }

    @classmethod
    def of_tensors(
        cls, evidence_q4: UInt8Array, known_words: UInt8Array, quantiles: Float32Array, *,
        num_pieces: int,
    ) -> Familiarity:  # fmt: skip
        """Read the tensors of a student with `num_pieces` pieces."""
        row = unpack_nibbles(evidence_q4[None], num_evidence_pieces(num_pieces))[0]
        return cls(evidence=row >> 4, known_words=known_words, quantiles=quantiles)

    def __call__(
        self, piece_ids: Sequence[int], is_continuation: Sequence[bool], unknown_id: int
    ) -> float:
        """Return the familiarity of a text in [0, 1], as a float32.

        It is the share of the validation texts with a lower mean evidence, interpolated between the
        quantiles, and 0 for a text in which the student knows no word. `is_continuation` says of
        each piece of the vocabulary whether it begins with `##`.
        """
        mean = self.mean_evidence(piece_ids, is_continuation, unknown_id)
        return 0.0 if mean is None else float(np.float32(self.share_below(mean)))

    def mean_evidence(
        self, piece_ids: Sequence[int], is_continuation: Sequence[bool], unknown_id: int
    ) -> float | None:
        """Return the mean evidence of a text's words, or None if the student knows none of them."""
        total = count = num_known = 0
        for word in split_words(piece_ids, is_continuation):
            if len(word) == 1:
                evidence = int(self.evidence[min(word[0], len(self.evidence) - 1)])
                is_known = word[0] != unknown_id
            else:
                is_known = self.knows(word)
                evidence = KNOWN_WORD if is_known else UNKNOWN_WORD
            if evidence != NO_EVIDENCE:
                total, count, num_known = total + evidence, count + 1, num_known + is_known
        return total / (count + PRIOR_WORDS) if num_known else None

    def knows(self, word: Sequence[int]) -> bool:
        """Return whether the filter has a word of several pieces."""
        return all(self.known_words[bit // 8] >> (bit % 8) & 1 for bit in word_bits(word))

    def share_below(self, mean: float) -> float:
        """Return the share of validation texts with less mean evidence, in double precision."""
        quantiles: list[float] = self.quantiles.tolist()
        above = bisect_right(quantiles, mean)  # the first quantile above the mean
        if above == 0:
            return 0.0
        if above == NUM_QUANTILES:
            return 1.0
        low, high = quantiles[above - 1], quantiles[above]
        return ((above - 1) + (mean - low) / (high - low)) / (NUM_QUANTILES - 1)


def split_words(
    piece_ids: Sequence[int], is_continuation: Sequence[bool]
) -> Iterator[tuple[int, ...]]:
    """Yield the pieces of each word: one that continues no word, and those that continue it."""
    start = 0
    for end in range(1, len(piece_ids) + 1):
        if end == len(piece_ids) or not is_continuation[piece_ids[end]]:
            yield tuple(piece_ids[start:end])
            start = end


def word_bits(word: Sequence[int]) -> tuple[int, int]:
    """Return the two bits of a word in the Bloom filter, from a hash of 32 bits of its pieces."""
    code = 0x811C9DC5
    for piece in word:
        code = ((code ^ piece) * 0x01000193) & 0xFFFFFFFF
    code ^= code >> 16
    code = (code * 0x45D9F3B) & 0xFFFFFFFF
    code ^= code >> 16
    return code % _NUM_BITS, (code >> 16) % _NUM_BITS


def _check(name: str, array: npt.NDArray[np.generic], dtype: type[np.generic], size: int) -> None:
    if array.dtype != dtype or array.shape != (size,):
        raise InputError(
            f"the {name} of familiarity are {array.dtype} of shape {list(array.shape)}, expected "
            f"{np.dtype(dtype)} of shape [{size}]"
        )
