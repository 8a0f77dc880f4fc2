"""Computes a float student's answers to examples, and their scores."""

from __future__ import annotations

import torch
from torch import Tensor

from ..measures.scores import AnyScores
from ..network.student import Student
from .examples import Examples


@torch.no_grad()
def logits_of(student: Student, examples: Examples) -> Tensor:
    """Return a float student's logits [N, C]; put the student in evaluation mode."""
    student.eval()
    batches = examples.ordered_batches(256)
    return torch.cat([student(batch.piece_ids, batch.mask).logits for batch in batches])


def score(student: Student, examples: Examples) -> AnyScores:
    """Return a float student's scores; put the student in evaluation mode."""
    return examples.rules.scores(logits_of(student, examples), examples.labels)
