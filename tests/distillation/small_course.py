"""Texts for a course that ends in seconds."""

from __future__ import annotations

from tiny_teachers import LABELS, TEXTS

from dixtill.distillation.data.corpus import Corpus

TRAIN = Corpus(
    tuple(f"{text} {ending}" for ending in ("today", "again", "now") for text in TEXTS),
    tuple(row % 3 for row in range(3 * len(TEXTS))),
    tuple(LABELS.values()),
)
VALID = Corpus(TEXTS, tuple(row % 3 for row in range(len(TEXTS))), TRAIN.label_names)
