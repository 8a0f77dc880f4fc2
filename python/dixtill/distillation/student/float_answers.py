"""Computes a float student's answers to examples, and their scores."""

from __future__ import annotations

import torch
from torch import Tensor

from ..measures.scores import Scores, scores_of
from ..network.student import Student
from .examples import Examples


@torch.no_grad()
def logits_of(student: Student, examples: Examples) -> Tensor:
    """Return a float student's logits [N, C]; put the student in evaluation mode."""
    student.eval()
    batches = examples.ordered_batches(256)
    return torch.cat([student(batch.piece_ids, batch.mask).logits for batch in batches])


def score(student: Student, examples: Examples) -> Scores:
    """Return a float student's scores; put the student in evaluation mode."""
    return scores_of(examples.labels.tolist(), logits_of(student, examples).softmax(dim=1).numpy())
