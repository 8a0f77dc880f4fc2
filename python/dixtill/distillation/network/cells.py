"""The recurrent cells that read a padded batch in both directions: LSTM, GRU and linear.

specification/cells.py says what they compute. A module's parameters are named after its cell in
checkpoints. The linear cell is in linear_cell.py.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...runtime.model_file.shape import StudentShape
from .linear_cell import LinearCell, LinearSteps


class Reading(NamedTuple):
    """What a cell gives for a padded batch."""

    states: Tensor  # [batch, time, 2 * hidden], forward then backward; zero on padding
    steps: tuple[LinearSteps, ...] = ()  # of both directions of a linear cell

    def traced_shares(self, readers: Tensor) -> Tensor:
        """Return each piece's exact share [batch, time, outputs] of sums over the states.

        Output k is the sum over t of readers_tk . state_t, with readers
        [batch, time, outputs, 2 * hidden]. Only a linear cell's states can be traced.
        """
        halves = readers.transpose(0, 1).chunk(2, dim=3)
        shares = [steps.shares(half) for steps, half in zip(self.steps, halves, strict=True)]
        return (shares[0] + shares[1]).transpose(0, 1)


def new_cell(shape: StudentShape) -> nn.Module:
    """Return the shape's cell for both directions, with random parameters."""
    d, h = shape.embedding_dim, shape.hidden_dim
    if shape.cell == "linear":
        return LinearCell(d, h)
    if shape.cell == "gru":
        return nn.GRU(d, h, batch_first=True, bidirectional=True)
    return nn.LSTM(d, h, batch_first=True, bidirectional=True)


def read(cell: nn.Module, vectors: Tensor, mask: Tensor) -> Reading:
    """Read texts in both directions with a `new_cell`; padding changes no state.

    Args:
        cell: a `new_cell`.
        vectors: [batch, time, embedding].
        mask: [batch, time] bool, True on real pieces, which come first in each row.
    """
    if isinstance(cell, LinearCell):
        steps = cell(vectors, mask)
        states = torch.cat([each.states() for each in steps], dim=2)
        return Reading(states.transpose(0, 1), steps)
    lengths = mask.sum(dim=1).clamp(min=1).cpu()
    packed = nn.utils.rnn.pack_padded_sequence(
        vectors, lengths, batch_first=True, enforce_sorted=False
    )
    states, _ = nn.utils.rnn.pad_packed_sequence(
        cell(packed)[0], batch_first=True, total_length=vectors.shape[1]
    )
    return Reading(states)
