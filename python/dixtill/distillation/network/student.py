"""The student in float32: the PyTorch reference for the native kernels.

It has an embedding, a bidirectional LSTM, additive attention over the real pieces, and a linear
head (Cantini et al. 2024). A null score, which belongs to no piece, takes a share of the attention
and adds nothing (docs/adr/0015). Because the head is linear in the attended states, each piece's
share of each logit is exact: logit_k = b_k + sum_t attention_t * (w_k . h_t).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...runtime.model_file.shape import StudentShape
from ...specification.parameters import NO_NULL_SCORE


class StudentOutput(NamedTuple):
    """The student's output for a padded batch; zero on padding."""

    logits: Tensor  # [batch, classes]
    scores: Tensor  # [batch, time], raw attention scores
    attention: Tensor  # [batch, time], sums to less than 1 over each text
    contributions: Tensor  # [batch, time, classes]; sum over time plus head.bias = logits
    attended: Tensor  # [batch, 2 * hidden], the states' sum, weighted by attention


class Student(nn.Module):
    """A masked-attention BiLSTM classifier of word pieces."""

    def __init__(
        self, shape: StudentShape, dropout: float = 0.0, has_null_score: bool = True
    ) -> None:
        """Make a student of these sizes with random parameters.

        Dropout acts on the embeddings and on the LSTM's states, in training only. Without a null
        score, its parameter is so low that it has no effect, and it is not trained.
        """
        super().__init__()
        d, num_states = shape.embedding_dim, 2 * shape.hidden_dim
        self.embedding = nn.Embedding(shape.num_pieces, d)
        self.lstm = nn.LSTM(d, shape.hidden_dim, batch_first=True, bidirectional=True)
        self.attention_weight = nn.Linear(num_states, shape.attention_dim, bias=False)
        self.attention_vector = nn.Linear(shape.attention_dim, 1, bias=False)
        start = 0.0 if has_null_score else NO_NULL_SCORE
        self.null_score = nn.Parameter(torch.full((1,), start), requires_grad=has_null_score)
        self.head = nn.Linear(num_states, shape.num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, piece_ids: Tensor, mask: Tensor) -> StudentOutput:
        """Classify padded texts.

        Args:
            piece_ids: [batch, time]; padding may have any valid id.
            mask: [batch, time] bool, True on real pieces, which come first in each row.
        """
        states = self._states(piece_ids, mask)  # [batch, time, 2 * hidden]
        scores = self.attention_vector(torch.tanh(self.attention_weight(states)))[..., 0]
        attention = self._attention(scores.masked_fill(~mask, -torch.inf))
        contributions = attention[..., None] * (states @ self.head.weight.T)
        return StudentOutput(
            logits=contributions.sum(dim=1) + self.head.bias,
            scores=scores.masked_fill(~mask, 0.0),
            attention=attention,
            contributions=contributions,
            attended=(attention[:, None] @ states)[:, 0],
        )

    def _attention(self, scores: Tensor) -> Tensor:
        """Return exp(e_t) / (exp(e_0) + sum_s exp(e_s)): softmax times what the null score leaves.

        Without a null score this equals softmax to the last bit. A text without pieces gets zeros
        instead of a division by zero.
        """
        left = torch.sigmoid(scores.logsumexp(dim=1, keepdim=True) - self.null_score)
        return left * scores.softmax(dim=1).nan_to_num(0.0)

    def _states(self, piece_ids: Tensor, mask: Tensor) -> Tensor:
        lengths = mask.sum(dim=1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(self.embedding(piece_ids)), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=piece_ids.shape[1]
        )
        dropped: Tensor = self.dropout(states)
        return dropped
