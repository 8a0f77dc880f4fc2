"""A teacher's answers as a function of what one of its layers gives: what explainers differentiate.

The layer is the output of the embedding module or of the word embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from .precision import Precision, differentiable
from .teacher import EncodedBatch, Teacher, captured_output, replaced_output

Layer = Literal["embeddings", "word_embeddings"]
Output = Literal["logit", "probability"]


@dataclass(frozen=True)
class LayerAnswers:
    """f [rows, classes] of points [rows, time, width], token ids and attention mask [rows, time].

    May be called from several threads at once.
    """

    teacher: Teacher
    layer: Layer
    output: Output
    precision: Precision

    def __call__(self, points: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """On the CPU, in float32; differentiable by the points."""
        with replaced_output(self._module, points), differentiable(points.device, self.precision):
            logits = self.teacher.logits(input_ids, attention_mask)
        return self.of_logits(logits.float())

    def of_logits(self, logits: Tensor) -> Tensor:
        """Logits or probabilities [rows, classes]."""
        return logits.softmax(dim=1) if self.output == "probability" else logits

    @torch.no_grad()
    def read(self, batch: EncodedBatch, word_ids: Tensor) -> tuple[Tensor, Tensor]:
        """The layer's output [batch, time, width] and the logits, with other words in the batch.

        Only the words change: positions that a model derives from its ids stay.
        """
        words = self.teacher.word_embeddings(word_ids.to(self.teacher.device))
        with (
            replaced_output(self.teacher.word_embeddings, words),
            captured_output(self._module) as captured,
        ):
            logits = self.teacher.logits(batch.input_ids, batch.attention_mask)
        return captured[0], logits

    def baseline_ids(self, batch: EncodedBatch) -> Tensor:
        """[PAD] for every word of a batch [batch, time]; special tokens stay."""
        return torch.where(batch.special_mask.bool(), batch.input_ids, self.pad_id)

    @property
    def pad_id(self) -> int:
        """The token that pads."""
        return int(self.teacher.tokenizer.pad_token_id)

    @property
    def _module(self) -> nn.Module:
        teacher = self.teacher
        return teacher.embeddings if self.layer == "embeddings" else teacher.word_embeddings
