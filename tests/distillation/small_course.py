"""A course that ends in seconds, and its texts."""

from __future__ import annotations

from pathlib import Path

from tiny_teachers import LABELS, TEXTS

from dixtill.distillation.course import distill
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.distilled import Distilled

TRAIN = Corpus(
    tuple(f"{text} {ending}" for ending in ("today", "again", "now") for text in TEXTS),
    tuple(row % 3 for row in range(3 * len(TEXTS))),
    tuple(LABELS.values()),
)
VALID = Corpus(TEXTS, tuple(row % 3 for row in range(len(TEXTS))), TRAIN.label_names)

UNLABELED = ("Profit https://t.co/x grows", "banks fall")
SIZES = {"embedding_dim": 6, "hidden_dim": 5, "attention_dim": 4, "batch_size": 8, "epochs": 3}
STEPS = {"steps": 2}  # a quick rule, where attributions are made


def run(teacher, folder: Path, method: str, **settings) -> Distilled:
    """Distill of TRAIN and VALID, or others, quietly and without a report."""
    train, valid = settings.pop("train", TRAIN), settings.pop("valid", VALID)
    settings = {**SIZES, **STEPS, "report": False, "progress": False, **settings}
    out = folder.with_name(f"{folder.name}.safetensors")
    return distill(teacher, train, valid, out=out, run_folder=folder, method=method, **settings)
