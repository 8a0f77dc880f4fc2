"""Texts made of the training texts, for the teacher to answer.

A small corpus shows a student few of a teacher's answers, and a teacher is surer than it should be
of texts that it was trained on. Perturbed texts have no label; the teacher's answer stands for it
(Tang et al. 2019, "Distilling Task-Specific Knowledge from BERT into Simple Neural Networks", who
mask words, replace them and cut n-grams). Words are replaced by those that follow or precede the
same neighbour elsewhere ("noising", Xie et al. 2017). Words are what white space separates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from ..errors import InputError

_LONGEST = 40  # words of two texts put together
_LONGEST_SPLICE = 5

_Words = list[str]


def perturbed_texts(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """`count` texts, the same for the same arguments; none is empty.

    Args:
        texts: cleaned training texts.
        count: how many to make.
        seed: of the random choices.

    Raises:
        InputError: all `texts` are empty.
    """
    perturbation = _Perturbation([words for text in texts if (words := text.split())], seed)
    return [" ".join(perturbation()) for _ in range(count)]


class _Perturbation:
    """Draws a text, and one of five ways to change it."""

    def __init__(self, texts: Sequence[_Words], seed: int) -> None:
        if not texts:
            raise InputError("the training texts are empty; there is nothing to perturb")
        self._texts = texts
        self._rng = np.random.default_rng(seed)
        self._following, self._preceding = _neighbours(texts)
        self._ways: dict[Callable[[_Words], _Words], float] = {
            self._drop_words: 0.2,
            self._keep_span: 0.15,
            self._join_parts: 0.25,
            self._replace_words: 0.25,
            self._splice: 0.15,
        }

    def __call__(self) -> _Words:
        way = self._rng.choice(len(self._ways), p=list(self._ways.values()))
        return list(self._ways)[way](self._any_text()) or self()

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
        """The beginning of a text and the end of another one."""
        other = self._any_text()
        end, start = self._rng.integers(1, len(words) + 1), self._rng.integers(len(other))
        return (words[:end] + other[start:])[:_LONGEST]

    def _replace_words(self, words: _Words) -> _Words:
        rate = self._rng.uniform(0.1, 0.4)
        changed = ["", *words, ""]
        for at in range(1, len(words) + 1):
            if self._rng.random() < rate:
                candidates = (
                    self._following[changed[at - 1].lower()]
                    if self._rng.random() < 0.5
                    else self._preceding[changed[at + 1].lower()]
                )
                if candidates:
                    changed[at] = candidates[self._rng.integers(len(candidates))]
        return changed[1:-1]

    def _splice(self, words: _Words) -> _Words:
        """A few words of another text in the place of a few of this one."""
        other = self._any_text()
        length = self._rng.integers(1, min(_LONGEST_SPLICE, len(other)) + 1)
        start = self._rng.integers(len(other) - length + 1)
        at = self._rng.integers(len(words) + 1)
        replaced = self._rng.integers(min(_LONGEST_SPLICE, len(words) - at) + 1)
        return words[:at] + other[start : start + length] + words[at + replaced :]


def _neighbours(texts: Sequence[_Words]) -> tuple[dict[str, _Words], dict[str, _Words]]:
    """Which words follow each word, and which precede it, as often as they do; "" is the edge."""
    following: dict[str, _Words] = defaultdict(list)
    preceding: dict[str, _Words] = defaultdict(list)
    for words in texts:
        for first, second in zip(["", *words], [*words, ""], strict=True):
            if second:
                following[first.lower()].append(second)
            if first:
                preceding[second.lower()].append(first)
    return following, preceding
