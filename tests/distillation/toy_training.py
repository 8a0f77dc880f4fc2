"""A toy problem that trains in a moment: examples, configurations, students and trainers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dixtill.distillation.config import DistillConfig
from dixtill.distillation.data.kind import Kind
from dixtill.distillation.data.ragged import Ragged
from dixtill.distillation.network.student import Student
from dixtill.distillation.progress.metrics import EpochMetrics
from dixtill.distillation.student.examples import Examples
from dixtill.distillation.student.outputs.softmax import NO_LABEL
from dixtill.distillation.student.trainer import StudentTrainer
from dixtill.specification.words import TokenizedText

UNKNOWN_ID, NUM_PIECES = 0, 12
CONFIG = DistillConfig(
    epochs=4, batch_size=16, learning_rate=0.03, embedding_dim=6, hidden_dim=5, attention_dim=4
)
PAPER = DistillConfig.of(
    "dixtill-paper",
    **{name: getattr(CONFIG, name) for name in (
        "epochs", "batch_size", "learning_rate", "embedding_dim", "hidden_dim", "attention_dim"
    )},
)  # fmt: skip
METHODS = ("dixtill", "kl", "mse", "none")


def toy_examples(seed: int, count: int = 64, outputs: int = 3) -> Examples:
    """Piece 1 makes a text of class 1, piece 2 of class 2; a word is two pieces or one.

    With one output, the label's own is explained, else every class against their mean.
    """
    rng = np.random.default_rng(seed)
    texts, labels, explained = [], [], []
    for _ in range(count):
        length, label = int(rng.integers(4, 9)), int(rng.integers(3))
        ids = rng.integers(3, NUM_PIECES, length).tolist()
        if label:
            ids[int(rng.integers(length))] = label
        words = [piece // 2 for piece in range(length)]
        spans = [(2 * word, 2 * word + 1) for word in range(words[-1] + 1)]
        texts.append(TokenizedText(ids, words, spans, truncated=False))
        labels.append(label)
        key = words[ids.index(label)] if label else -1
        of_label = torch.tensor([1.0 if word == key else 0.1 for word in range(len(spans))])
        of_classes = torch.nn.functional.one_hot(torch.tensor(label), 3) - 1 / 3
        explained.append(of_label[:, None] * (of_classes if outputs == 3 else torch.ones(1)))
    logits = 4 * torch.nn.functional.one_hot(torch.tensor(labels), 3).float()
    return Examples.of(texts, torch.tensor(labels), logits, explained, outputs)


TRAIN, VALID = toy_examples(0), toy_examples(1, count=24)
OF_LABEL = toy_examples(0, outputs=1), toy_examples(1, count=24, outputs=1)


def new_student(config: DistillConfig = CONFIG, seed: int = 0) -> Student:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Student.of(config, NUM_PIECES, 3)


def new_trainer(folder: Path, config: DistillConfig = CONFIG, **parts) -> StudentTrainer:
    defaults = {"student": new_student(config), "train": TRAIN, "valid": VALID}
    return StudentTrainer(
        **{**defaults, **parts}, config=config, unknown_id=UNKNOWN_ID, folder=folder
    )


def weights(trainer: StudentTrainer) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in trainer.student.state_dict().values())


def trained(folder: Path, config: DistillConfig = CONFIG, **parts) -> bytes:
    trainer = new_trainer(folder, config, **parts)
    trainer.run()
    return weights(trainer)


class Stopped(Exception):
    """Raised to stop a run, as if the machine had lost power."""


def read_log(folder: Path) -> list[EpochMetrics]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [EpochMetrics(**json.loads(line)) for line in lines]


def without_labels(examples: Examples, logits: Tensor) -> Examples:
    return replace(
        examples,
        labels=torch.full((len(examples),), NO_LABEL),
        teacher_logits=logits,
        attributions=Ragged.of([()] * len(examples), examples.attributions.values),
        kinds=torch.full((len(examples),), Kind.REAL),
    )
