"""Makes more texts from the training texts, for the teacher to answer.

A small corpus shows a student few of a teacher's answers, and a teacher is overconfident about the
texts that it was trained on. Perturbed texts have no label; the teacher's answer takes its place
(Tang et al. 2019, "Distilling Task-Specific Knowledge from BERT into Simple Neural Networks", who
mask words, replace them and cut n-grams). Words are replaced by words that follow or precede the
same neighbor elsewhere ("noising", Xie et al. 2017). White space separates words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ...errors import InputError

_LONGEST = 40  # words of two joined texts, unless one of them is longer
_LONGEST_SPLICE = 5  # words
_CHANCES = (0.2, 0.15, 0.25, 0.25, 0.15)  # probability of each way to change a text

# The default number of texts. Three million words are about those of 8,500 tweets with thirty
# perturbed texts each, which were chosen on held-out tweets.
_ENOUGH_WORDS = 3_000_000  # in all texts of a course
_MOST_PER_TEXT = 100
_READ_WORDS = 256  # of a text; teachers and students cut it about there
_CHARACTERS_PER_WORD = 8  # at most, so that texts without white space have words

_Words = list[str]


def perturbed_texts(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """Make `count` nonempty texts; equal arguments give equal texts.

    Args:
        texts: cleaned training texts.
        count: the number of texts to make.
        seed: the seed of the random choices.

    Raises:
        InputError: all `texts` are empty.
    """
    split = [words for text in texts if (words := text.split())]
    if not split:
        raise InputError("the training texts are empty; there is nothing to perturb")
    perturbation = _Perturbation(split, seed)
    return [" ".join(perturbation()) for _ in range(count)]


def suitable_number(texts: Sequence[str], other_words: int) -> int:
    """Return how many texts to make from cleaned training `texts`.

    The made texts bring the words of all texts, with the `other_words` of the texts without labels,
    to about three million, so that a course takes about as long for few texts as for many, and for
    long ones as for short ones. They are at most 100 per training text.
    """
    num_words = sum(map(count_words, texts))
    missing = max(0, _ENOUGH_WORDS - num_words - other_words)
    return min(_MOST_PER_TEXT * len(texts), round(missing * len(texts) / max(1, num_words)))


def count_words(text: str) -> int:
    """Return about how many words of a text are read, by which the time that it takes grows."""
    return min(_READ_WORDS, max(len(text.split()), len(text) // _CHARACTERS_PER_WORD))


class _Perturbation:
    """Draws a text, and changes it in one of five ways."""

    def __init__(self, texts: Sequence[_Words], seed: int) -> None:
        self._texts = texts
        self._rng = np.random.default_rng(seed)
        self._following, self._preceding = _neighbors(texts)
        self._ways = (
            self._drop_words,
            self._keep_span,
            self._join_parts,
            self._replace_words,
            self._splice,
        )

    def __call__(self) -> _Words:
        while True:
            way = self._ways[self._rng.choice(len(self._ways), p=_CHANCES)]
            if words := way(self._any_text()):
                return words

    def _any_text(self) -> _Words:
        return self._texts[int(self._rng.integers(len(self._texts)))]

    def _drop_words(self, words: _Words) -> _Words:
        rate = self._rng.uniform(0.05, 0.5)
        return [word for word in words if self._rng.random() >= rate]

    def _keep_span(self, words: _Words) -> _Words:
        length = self._rng.integers(1, len(words) + 1)
        start = self._rng.integers(len(words) - length + 1)
        return words[start : start + length]

    def _join_parts(self, words: _Words) -> _Words:
        """Join the beginning of `words` and the end of another text."""
        other = self._any_text()
        longest = max(_LONGEST, len(words), len(other))
        end, start = self._rng.integers(1, len(words) + 1), self._rng.integers(len(other))
        return (words[:end] + other[start:])[:longest]

    def _replace_words(self, words: _Words) -> _Words:
        """Replace words from left to right, so that a new word affects the choice of the next."""
        rate = self._rng.uniform(0.1, 0.4)
        changed = ["", *words, ""]
        for at in range(1, len(words) + 1):
            if self._rng.random() < rate:
                changed[at] = self._replacement(changed[at - 1], changed[at], changed[at + 1])
        return changed[1:-1]

    def _replacement(self, before: str, word: str, after: str) -> str:
        """Return a word that follows `before` or precedes `after` elsewhere, or else `word`."""
        if self._rng.random() < 0.5:
            candidates = self._following.get(before.lower())
        else:
            candidates = self._preceding.get(after.lower())
        return candidates[int(self._rng.integers(len(candidates)))] if candidates else word

    def _splice(self, words: _Words) -> _Words:
        """Replace a few of `words` with a few words of another text."""
        other = self._any_text()
        length = self._rng.integers(1, min(_LONGEST_SPLICE, len(other)) + 1)
        start = self._rng.integers(len(other) - length + 1)
        at = self._rng.integers(len(words) + 1)
        replaced = self._rng.integers(min(_LONGEST_SPLICE, len(words) - at) + 1)
        return words[:at] + other[start : start + length] + words[at + replaced :]


def _neighbors(texts: Sequence[_Words]) -> tuple[dict[str, _Words], dict[str, _Words]]:
    """Return the words that follow and those that precede each word, with repetitions.

    The empty word stands for a text's beginning and end.
    """
    following: dict[str, _Words] = defaultdict(list)
    preceding: dict[str, _Words] = defaultdict(list)
    for words in texts:
        for first, second in zip(["", *words], [*words, ""], strict=True):
            if second:
                following[first.lower()].append(second)
            if first:
                preceding[second.lower()].append(first)
    return following, preceding
