"""The texts of a study: what trains, what chooses, what tests; cut as `dixtill distill` does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dixtill.distillation.data.corpus import Corpus, read_corpus
from dixtill.specification.cleaning import DEFAULT_RULES, clean

HELD_OUT = 0.1  # of the training texts, the default of `dixtill distill`


@dataclass(frozen=True)
class Corpora:
    """Texts as they were written."""

    train: Corpus
    held_out: Corpus  # chooses epochs and settings
    test: Corpus  # chooses nothing; its copies are in neither of the others

    @classmethod
    def read(cls, train: Path, test: Path, labels: tuple[str, ...]) -> Corpora:
        tests = read_corpus(test, labels)
        rest, held_out = read_corpus(train, labels).without(tests).split(HELD_OUT, seed=0)
        return cls(rest, held_out, tests)


def cleaned(corpus: Corpus) -> list[str]:
    """The texts as teachers and students see them."""
    return [clean(text, DEFAULT_RULES) for text in corpus.texts]
