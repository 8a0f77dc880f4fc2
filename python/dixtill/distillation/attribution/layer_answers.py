"""Gives a teacher's answers as a function of one layer's output, to be differentiated.

The layer is the embedding module or the word embeddings.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..config import Layer, Output, Precision
from ..teacher.embedding_layer import tensor_of
from ..teacher.head import answers_of
from ..teacher.precision import differentiable, with_cast_weights
from ..teacher.teacher import Teacher
from ..teacher.tokens import EncodedBatch, Inputs


@dataclass(frozen=True)
class LayerAnswers:
    """Maps points [rows, time, width] and the teacher's other inputs to answers [rows, classes].

    Several threads may call it at once.
    """

    teacher: Teacher
    layer: Layer
    output: Output
    precision: Precision
    centered: bool = False  # whether the mean over the classes is subtracted

    def for_many_passes(self) -> LayerAnswers:
        """Return the same answers from weights cast once, valid until the teacher's change."""
        if self.precision == "float32":
            return self
        teacher = copy(self.teacher)
        teacher.model = with_cast_weights(self.teacher.model)
        return replace(self, teacher=teacher)

    def __call__(self, points: Tensor, *inputs: Tensor) -> Tensor:
        """Answer on the CPU in float32, differentiable by the points; `inputs` is an `Inputs`."""
        layer, model = self.teacher.layer(self.layer), self.teacher.model
        with layer.replaced(model, points), differentiable(points.device, self.precision):
            logits = self.teacher.logits(*inputs)
        return self.of_logits(logits.float())

    def of_logits(self, logits: Tensor) -> Tensor:
        """Return logits or answers [rows, classes], as `output` says; maybe centered."""
        is_answer = self.output == "probability"
        answers = answers_of(self.teacher.output, logits) if is_answer else logits
        return answers - answers.mean(dim=1, keepdim=True) if self.centered else answers

    @torch.no_grad()
    def read(self, batch: EncodedBatch) -> tuple[Tensor, Tensor]:
        """Return the layer's output [batch, time, width], and the logits."""
        return self._read(batch.inputs, batch.input_ids)

    @torch.no_grad()
    def read_baselines(self, batch: EncodedBatch) -> tuple[Tensor, Tensor]:
        """Do the same for the baselines, where [PAD] replaces every word but no special token.

        Only the word vectors change: positions that a model derives from its ids stay. Texts with
        the same number of tokens share a baseline, which the teacher reads once.
        """
        ids = batch.input_ids
        words = torch.where(batch.special_mask.bool(), ids, self.pad_id)
        alike = torch.stack([words, *batch.inputs[1:], (ids == self.pad_id).long()], dim=1)
        kinds, kind_of_row = torch.unique(alike, dim=0, return_inverse=True)
        rows = torch.empty(len(kinds), dtype=torch.long)
        rows[kind_of_row] = torch.arange(len(ids))  # one row of each kind
        ids, mask, types = (tensor[rows] for tensor in batch.inputs)
        outputs, logits = self._read((ids, mask, types), words[rows])
        return outputs[kind_of_row.to(outputs.device)], logits[kind_of_row]

    def _read(self, inputs: Inputs, words: Tensor) -> tuple[Tensor, Tensor]:
        teacher, model = self.teacher, self.teacher.model
        entered, read = teacher.layer("word_embeddings"), teacher.layer(self.layer)
        looked_up = tensor_of(teacher.word_embeddings(words.to(teacher.device)))
        with (
            entered.replaced(model, looked_up),
            read.captured(model, time=words.shape[1]) as captured,
        ):
            logits = teacher.logits(*inputs)
        return captured[0], logits

    @property
    def pad_id(self) -> int:
        """The id of the padding token."""
        return int(self.teacher.tokenizer.pad_token_id)
