"""Assigns each of a teacher's tokens to a word, by their character spans.

Every fast tokenizer (WordPiece, BPE, SentencePiece) reports the span of each token in the text, and
specification/words.py reports the span of each word in the same text.
"""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[int, int]


def words_of_tokens(tokens: Sequence[Span], words: Sequence[Span]) -> list[int]:
    """Return, for each token, the index of the word that it overlaps most; on a tie, the earlier.

    A token that overlaps no word (a special token, white space) gets `len(words)`, so that its
    attribution is kept apart instead of being lost.

    Args:
        tokens: start and end of each token; special tokens have empty spans.
        words: start and end of each word, in order and without overlaps.

    >>> words_of_tokens([(0, 0), (0, 3), (3, 5), (5, 6), (5, 9)], [(0, 5), (6, 9)])
    [2, 0, 0, 2, 1]
    """
    found: list[int] = []
    first = 0
    for start, end in tokens:
        while first > 0 and (first == len(words) or words[first - 1][1] > start):
            first -= 1
        while first < len(words) and words[first][1] <= start:
            first += 1
        best, best_overlap = len(words), 0
        for index in range(first, len(words)):
            if words[index][0] >= end:
                break
            overlap = min(end, words[index][1]) - max(start, words[index][0])
            if overlap > best_overlap:
                best, best_overlap = index, overlap
        found.append(best)
    return found
