"""The recurrent cells that read a padded batch in one or both directions: LSTM, GRU and linear.

specification/cells.py says what they compute. A module's parameters are named after its cell in
checkpoints. The linear cell is in linear_cell.py.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...runtime.model_file.shape import StudentShape
from .linear_cell import LinearCell, LinearSteps


class Reading(NamedTuple):
    """What a cell gives for a padded batch."""

    states: Tensor  # [batch, time, states], forward then backward; zero on padding
    steps: tuple[LinearSteps, ...] = ()  # of each direction of a linear cell

    def traced_shares(self, readers: Tensor) -> Tensor:
        """Return each piece's exact share [batch, time, outputs] of sums over the states.

        Output k is the sum over t of readers_tk . state_t, with readers
        [batch, time, outputs, states]. Only a linear cell's states can be traced.
        """
        parts = readers.transpose(0, 1).chunk(len(self.steps), dim=3)
        shares = [steps.shares(part) for steps, part in zip(self.steps, parts, strict=True)]
        return reduce(torch.add, shares).transpose(0, 1)


def new_cell(shape: StudentShape) -> nn.Module:
    """Return the shape's cell for its directions, with random parameters."""
    d, h, is_bidirectional = shape.embedding_dim, shape.hidden_dim, shape.directions == 2
    if shape.cell == "linear":
        return LinearCell(d, h, is_bidirectional)
    if shape.cell == "gru":
        return nn.GRU(d, h, batch_first=True, bidirectional=is_bidirectional)
    return nn.LSTM(d, h, batch_first=True, bidirectional=is_bidirectional)


def read(cell: nn.Module, vectors: Tensor, mask: Tensor) -> Reading:
    """Read texts with a `new_cell`, in each of its directions; padding changes no state.

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
