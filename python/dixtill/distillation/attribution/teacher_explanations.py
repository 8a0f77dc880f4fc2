"""Reads stored attributions as predictions, so that they can be shown like a student's answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch

from ...errors import InputError
from ...runtime.answer_kind import AnswerKind
from ...runtime.explanation import ExplainedWord
from ...runtime.prediction import Prediction
from ..config import OutputKind
from ..teacher.fingerprint import FINGERPRINT
from ..teacher.head import answers_of
from .attributor import Attribution
from .store import AttributionStore


def read_teacher_explanations(
    folder: Path, texts: Sequence[str], kind: AnswerKind, teacher: str | None = None
) -> dict[str, Prediction]:
    """Read the teacher's stored answers to `texts`, with attributions as the words' weights.

    The teacher itself is not needed; its answers are taken to be of the student's `kind`. If
    `teacher` is a fingerprint, only that teacher's attributions count. If it is None or the
    fingerprint of an older version, any teacher's attributions count.

    Raises:
        InputError: the folder holds none of the texts, or attributions of another teacher only, of
            several teachers or settings, or of another number of classes, or other Parquet files.
    """
    is_known = teacher is not None and teacher.startswith(FINGERPRINT)
    found = AttributionStore(folder).find(texts, teacher if is_known else None)
    if not found:
        raise InputError(
            f"{folder} holds attributions of none of the {len(texts)} texts; run "
            "`dixtill attribute` on them first"
        )
    return {text: _prediction(folder, row, kind) for text, row in found.items()}


def _prediction(folder: Path, row: Attribution, kind: AnswerKind) -> Prediction:
    labels = kind.labels
    if len(row.logits) != len(labels):
        raise InputError(
            f"{folder} holds attributions of a teacher of {len(row.logits)} classes; the student "
            f"has {len(labels)}: {', '.join(labels)}"
        )
    answer = answers_of(
        cast(OutputKind, kind.output), torch.tensor([row.logits], dtype=torch.float64)
    )
    probabilities = dict(zip(labels, answer[0].tolist(), strict=True))
    label = labels[row.predicted]
    words = tuple(
        ExplainedWord(row.text[start:end], start, end, weight)
        for start, end, weight in zip(row.starts, row.ends, row.attributions, strict=True)
    )
    # The teacher has no interval, and its words no familiarity.
    own = AnswerKind(labels, kind.output, kind.thresholds)
    return Prediction(row.text, label, probabilities[label], probabilities, words, False, kind=own)
