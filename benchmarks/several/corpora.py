"""Reads the texts of a measurement, and holds out those on which settings are chosen."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dixtill.distillation.config import OutputKind
from dixtill.distillation.data.corpus import Corpus, read_corpora
from dixtill.distillation.data.label_cells import LabelLayout

HELD_OUT, SPLIT_SEED = 0.1, 0


class Corpora(NamedTuple):
    """The texts that the rest learns from, those that choose its settings, and the test texts."""

    train: Corpus
    held_out: Corpus
    test: Corpus


def read(train: Path, test: Path, column: str, separator: str | None) -> Corpora:
    """Read both files; labels are joined by `separator`, or numbers without one.

    Copies of test texts are left out, and a tenth of the rest is held out.
    """
    output: OutputKind = "number" if separator is None else "sigmoid"
    layout = LabelLayout(column, separator, output=output)
    learned, tested = read_corpora([train, test], label_layout=layout)
    kept, held_out = learned.without(tested).split(HELD_OUT, SPLIT_SEED)
    return Corpora(kept, held_out, tested)
