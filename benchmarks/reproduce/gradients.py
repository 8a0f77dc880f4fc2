"""Computes integrated gradients of a student, as a post-hoc control of its own explanations.

They explain the logit of the answered label in the dequantized float student, at the output of its
embedding, with Gauss-Legendre nodes, and are summed by word. The path begins at zeros, or at a text
of the same length with unknown pieces only (a tenth of the training pieces are unknown).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dixtill.distillation.attribution.quadrature import fixed_rule
from dixtill.distillation.network.quantize import dequantized
from dixtill.distillation.teacher.embedding_layer import changed_output
from dixtill.specification.model_file import StudentModel
from dixtill.specification.words import UNKNOWN_PIECE

Baseline = Literal["unknown", "zero"]
STEPS = 32


class StudentGradients:
    """Explains one student's answers by integrated gradients."""

    def __init__(
        self, model: StudentModel, baseline: Baseline = "unknown", steps: int = STEPS
    ) -> None:
        self._cleaning = model.settings.cleaning
        self._tokenizer = model.tokenizer()
        self._student = dequantized(model.parameters).requires_grad_(False)
        vectors = self._student.embedding.weight
        unknown = vectors[model.vocabulary.index(UNKNOWN_PIECE)]
        self._baseline = unknown if baseline == "unknown" else torch.zeros_like(unknown)
        self._nodes, self._weights = fixed_rule("gausslegendre", steps)

    def __call__(self, text: str, target: int) -> npt.NDArray[np.float64]:
        """Return one number per word for the logit of class `target`."""
        read = self._tokenizer.read(text, self._cleaning)
        ids = torch.tensor([read.piece_ids])
        delta = self._student.embedding(ids) - self._baseline  # [1, time, width]
        points = (self._baseline + self._nodes[:, None, None] * delta).requires_grad_()
        (gradients,) = torch.autograd.grad(self._logits(points, ids)[:, target].sum(), points)
        mean = torch.einsum("s,stw->tw", self._weights, gradients)
        by_piece = (mean * delta[0]).sum(dim=1).double().numpy()
        by_word: npt.NDArray[np.float64] = np.zeros(len(read.spans))
        np.add.at(by_word, read.word_of_piece, by_piece)
        return by_word

    def _logits(self, points: Tensor, ids: Tensor) -> Tensor:
        """Return logits [steps, classes] at points [steps, time, width] of the embedding."""
        repeated = ids.expand(len(points), -1)
        mask = torch.ones_like(repeated, dtype=torch.bool)
        with changed_output(self._student.embedding, lambda _: points):
            logits: Tensor = self._student(repeated, mask).logits
        return logits
