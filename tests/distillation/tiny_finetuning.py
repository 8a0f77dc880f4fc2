"""Tiny bases and texts to fine-tune, and the weights of the result."""

from __future__ import annotations

import csv
from pathlib import Path

import tiny_teachers
import torch
from transformers import AutoModelForSequenceClassification

from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.finetune_config import FinetuneConfig

LABELS = ("down", "up")
SUBJECTS = (
    "the bank",
    "a bank",
    "record earnings",
    "the shares",
    "its profit",
    "no change",
    "banks",
)
TRAIN = Corpus(
    tuple(f"{subject} {verb}" for subject in SUBJECTS for verb in ("fall", "jump")),
    tuple(label for _ in SUBJECTS for label in (0, 1)),
    LABELS,
)
VALID = Corpus(("shares fall", "shares jump", "profit fall", "profit jump"), (0, 1, 0, 1), LABELS)
CONFIG = FinetuneConfig(epochs=2, learning_rate=1e-3, batch_size=4, max_length=32)


def save_base(kind: str, folder: Path) -> Path:
    """An encoder or decoder without a classifier's head."""
    model, tokenizer = tiny_teachers.build(kind)
    model.base_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return AutoModelForSequenceClassification.from_pretrained(folder).state_dict()


def write_csv(path: Path, corpus: Corpus) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = zip(corpus.texts, corpus.labels, strict=True)
        csv.writer(file).writerows([("text", "label"), *rows])
    return str(path)
