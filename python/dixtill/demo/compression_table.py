"""Compares size, accuracy and time of the teacher, its compressed forms and a student.

Times are from a text to its label, one text at a time, on one thread.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, cast

import torch

from ..distillation.data.corpus import Corpus
from ..distillation.fine_tuning.finetune import score_teacher
from ..distillation.measures.scores import Scores, score_classifier
from ..distillation.teacher.compression import dynamic_int8, prune_attention_heads, stored_bytes
from ..distillation.teacher.teacher import Teacher
from ..runtime.classifier import Classifier
from ..specification.cleaning import clean
from ..specification.model_file import read_model

Classify = Callable[[str], object]

_WARM_UP = 5  # texts


class Compressed(NamedTuple):
    """A row of the table."""

    num_bytes: int
    accuracy: float
    seconds: float  # per text


def compare(
    teacher: Teacher, student_file: Path, test: Corpus, num_timed: int
) -> dict[str, Compressed]:
    """Return rows by name, the teacher first; times are medians over `num_timed` texts."""
    num_heads = teacher.model.config.num_attention_heads
    transformers = {
        "teacher": teacher,
        "PTQ (int8)": Teacher(dynamic_int8(teacher.model), teacher.tokenizer),
        f"AHP ({num_heads // 2} of {num_heads} heads)": Teacher(
            prune_attention_heads(teacher.model, num_heads // 2), teacher.tokenizer
        ),
    }
    student = Classifier(read_model(student_file))
    classifiers: dict[str, Classify] = {
        name: transformer_classifier(item) for name, item in transformers.items()
    }
    seconds = median_seconds({**classifiers, "DiXtill": student}, test.texts[:num_timed])
    rows = {
        name: Compressed(
            stored_bytes(item.model),
            cast(Scores, score_teacher(item, test)).accuracy,
            seconds[name],
        )
        for name, item in transformers.items()
    }
    rows["DiXtill"] = Compressed(
        student_file.stat().st_size,
        cast(Scores, score_classifier(student, test)).accuracy,
        seconds["DiXtill"],
    )
    return rows


def median_seconds(classifiers: Mapping[str, Classify], texts: Sequence[str]) -> dict[str, float]:
    """Return the median time per text of each classifier.

    The classifiers take turns, so that other load on the machine slows them all alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in classifiers}
    for text in [*texts[:_WARM_UP], *texts]:
        for name, classify in classifiers.items():
            start = perf_counter()
            classify(text)
            seconds[name].append(perf_counter() - start)
    return {name: statistics.median(values[_WARM_UP:]) for name, values in seconds.items()}


def transformer_classifier(teacher: Teacher) -> Classify:
    """Return a function from a text to its label, as users of transformers would write it."""

    def classify(text: str) -> str:
        encoded = teacher.tokenizer(
            clean(text), truncation=True, max_length=teacher.max_length, return_tensors="pt"
        )
        with torch.inference_mode():
            return teacher.labels[int(teacher.model(**encoded).logits.argmax())]

    return classify
