"""Splits a study's texts into training, validation and test, as `dixtill distill` does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dixtill.distillation.data.corpus import Corpus, read_corpus
from dixtill.specification.cleaning import DEFAULT_RULES, clean

HELD_OUT = 0.1  # share of the training texts, as in `dixtill distill`


@dataclass(frozen=True)
class Corpora:
    """The texts of a study, as they were written."""

    train: Corpus
    held_out: Corpus  # chooses epochs and settings
    test: Corpus  # chooses nothing; copies of these texts are removed from the other two

    @classmethod
    def read(cls, train: Path, test: Path, labels: tuple[str, ...]) -> Corpora:
        tests = read_corpus(test, labels)
        rest, held_out = read_corpus(train, labels).without(tests).split(HELD_OUT, seed=0)
        return cls(rest, held_out, tests)


def cleaned(corpus: Corpus) -> list[str]:
    """Return the texts as teachers and students see them."""
    return [clean(text, DEFAULT_RULES) for text in corpus.texts]
