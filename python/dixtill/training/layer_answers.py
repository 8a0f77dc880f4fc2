"""A teacher's answers as a function of what one of its layers gives: what explainers differentiate.

The layer is the output of the embedding module or of the word embeddings.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from .precision import Precision, differentiable, with_cast_weights
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

    def for_many_passes(self) -> LayerAnswers:
        """The same answers, of weights that are cast once; for as long as the teacher stays."""
        if self.precision == "float32":
            return self
        teacher = copy(self.teacher)
        teacher.model = with_cast_weights(self.teacher.model)
        return replace(self, teacher=teacher)

    def __call__(self, points: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """On the CPU, in float32; differentiable by the points."""
        with replaced_output(self._module, points), differentiable(points.device, self.precision):
            logits = self.teacher.logits(input_ids, attention_mask)
        return self.of_logits(logits.float())

    def of_logits(self, logits: Tensor) -> Tensor:
        """Logits or probabilities [rows, classes]."""
        return logits.softmax(dim=1) if self.output == "probability" else logits

    @torch.no_grad()
    def read(self, batch: EncodedBatch) -> tuple[Tensor, Tensor]:
        """The layer's output [batch, time, width], and the logits."""
        return self._read(batch.input_ids, batch.attention_mask, batch.input_ids)

    @torch.no_grad()
    def read_baselines(self, batch: EncodedBatch) -> tuple[Tensor, Tensor]:
        """The same of the baselines: [PAD] for every word, while special tokens stay.

        Only the words change: positions that a model derives from its ids stay. Texts of as many
        tokens share a baseline, which is read once.
        """
        ids, mask = batch.input_ids, batch.attention_mask
        words = torch.where(batch.special_mask.bool(), ids, self.pad_id)
        alike = torch.stack([words, mask, (ids == self.pad_id).long()], dim=1)
        kinds, kind_of_row = torch.unique(alike, dim=0, return_inverse=True)
        rows = torch.empty(len(kinds), dtype=torch.long)
        rows[kind_of_row] = torch.arange(len(ids))  # one of each kind
        outputs, logits = self._read(ids[rows], mask[rows], words[rows])
        return outputs[kind_of_row.to(outputs.device)], logits[kind_of_row]

    def _read(self, ids: Tensor, mask: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        looked_up = self.teacher.word_embeddings(words.to(self.teacher.device))
        with (
            replaced_output(self.teacher.word_embeddings, looked_up),
            captured_output(self._module) as captured,
        ):
            logits = self.teacher.logits(ids, mask)
        return captured[0], logits

    @property
    def pad_id(self) -> int:
        """The token that pads."""
        return int(self.teacher.tokenizer.pad_token_id)

    @property
    def _module(self) -> nn.Module:
        teacher = self.teacher
        return teacher.embeddings if self.layer == "embeddings" else teacher.word_embeddings
