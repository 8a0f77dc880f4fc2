"""The student in float32: the PyTorch reference for the native kernels.

It has an embedding, a recurrent cell that reads in one or both directions (cells.py), additive
attention over the real pieces, and a linear head (Cantini et al. 2024). A null score, which belongs
to no piece, takes a share of the attention and adds nothing (docs/adr/0015). Because the head is
linear in the attended states, each state's share of each logit is exact:
logit_k = b_k + sum_t attention_t * (w_k . h_t). It is the contribution of the state's piece, unless
the cell is linear: then each piece's share is traced through the states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from ...runtime.model_file.shape import StudentShape
from ...specification.parameters import NO_NULL_SCORE
from ..config import DistillConfig, OutputKind
from .cells import new_cell, read


@dataclass(frozen=True, eq=False)
class StudentOutput:
    """The student's output for a padded batch; zero on padding."""

    logits: Tensor  # [batch, classes]
    scores: Tensor  # [batch, time], raw attention scores
    attention: Tensor  # [batch, time], sums to less than 1 over each text
    attended: Tensor  # [batch, states], the states' sum, weighted by attention
    contribute: Callable[[], Tensor]  # computes the contributions

    @cached_property
    def contributions(self) -> Tensor:
        """Each piece's share [batch, time, classes]; their sum plus head.bias = logits.

        They are computed when they are first read, since not every loss needs them; they have
        gradients if the logits do.
        """
        return self.contribute()


class Student(nn.Module):
    """A masked-attention classifier of word pieces, with a cell in one or both directions."""

    def __init__(
        self, shape: StudentShape, dropout: float = 0.0, has_null_score: bool = True
    ) -> None:
        """Make a student of these sizes with random parameters.

        Dropout acts on the embeddings and on the cell's states, in training only. Without a null
        score, its parameter is so low that it has no effect, and it is not trained.
        """
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.num_pieces, shape.embedding_dim)
        self.add_module(shape.cell, new_cell(shape))
        self.attention_weight = nn.Linear(shape.num_states, shape.attention_dim, bias=False)
        self.attention_vector = nn.Linear(shape.attention_dim, 1, bias=False)
        start = 0.0 if has_null_score else NO_NULL_SCORE
        self.null_score = nn.Parameter(torch.full((1,), start), requires_grad=has_null_score)
        self.head = nn.Linear(shape.num_states, shape.num_classes)
        self.dropout = nn.Dropout(dropout)

    @classmethod
    def of(
        cls,
        config: DistillConfig,
        num_pieces: int,
        num_classes: int,
        output: OutputKind = "softmax",
    ) -> Student:
        """Make a student as `config` says, that reads so many pieces and knows so many classes."""
        sizes = config.embedding_dim, config.hidden_dim, config.attention_dim
        shape = StudentShape(
            config.cell, num_pieces, *sizes, num_classes, config.directions, output
        )
        return cls(shape, config.dropout, config.null_score)

    @property
    def cell(self) -> nn.Module:
        """The cell, whose parameters are named after its kind."""
        return self.get_submodule(self.shape.cell)

    def forward(self, piece_ids: Tensor, mask: Tensor) -> StudentOutput:
        """Classify padded texts.

        Args:
            piece_ids: [batch, time]; padding may have any valid id.
            mask: [batch, time] bool, True on real pieces, which come first in each row.
        """
        reading = read(self.cell, self.dropout(self.embedding(piece_ids)), mask)
        dropped = self.dropout(torch.ones_like(reading.states))
        states = reading.states * dropped  # [batch, time, states]
        scores = self.attention_vector(torch.tanh(self.attention_weight(states)))[..., 0]
        attention = self._attention(scores.masked_fill(~mask, -torch.inf))
        weight = self.head.weight
        shares: Tensor = attention[..., None] * (states @ weight.T)
        records_gradients = torch.is_grad_enabled()

        def contributions() -> Tensor:
            if not reading.steps:
                return shares
            with torch.set_grad_enabled(records_gradients):
                readers = (attention[..., None] * dropped)[:, :, None] * weight
                return reading.traced_shares(readers)

        return StudentOutput(
            logits=shares.sum(dim=1) + self.head.bias,
            scores=scores.masked_fill(~mask, 0.0),
            attention=attention,
            attended=(attention[:, None] @ states)[:, 0],
            contribute=contributions,
        )

    def _attention(self, scores: Tensor) -> Tensor:
        """Return exp(e_t) / (exp(e_0) + sum_s exp(e_s)): softmax times what the null score leaves.

        Without a null score this equals softmax to the last bit. A text without pieces gets zeros
        instead of a division by zero.
        """
        left = torch.sigmoid(scores.logsumexp(dim=1, keepdim=True) - self.null_score)
        return left * scores.softmax(dim=1).nan_to_num(0.0)
