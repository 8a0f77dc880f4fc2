"""The states of a linear cell in PyTorch operators, in the forms that ONNX Runtime runs fastest."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from dixtill.distillation.network.linear_cell import LinearCell


class LinearStates(nn.Module):
    """The states of full texts of one length.

    The recurrence runs by doubling or step by step. Doubling takes log2(length) operations over all
    pieces, which is less of ONNX Runtime's overhead for each operation: for one text it takes about
    three quarters of the time of single steps, and half of that of a Scan. For many texts, single
    steps are faster, since they compute less.
    """

    def __init__(self, cell: LinearCell, length: int, by_doubling: bool) -> None:
        super().__init__()
        self.cell, self.length, self.by_doubling = cell, length, by_doubling

    def forward(self, vectors: Tensor) -> Tensor:
        """Return states [batch, length, 2 * hidden] of vectors [batch, length, embedding]."""
        cell = self.cell
        ahead = self._gates(vectors, cell.weight, cell.bias)
        back = self._gates(vectors.flip(1), cell.weight_reverse, cell.bias_reverse)
        z, n = (torch.cat(both, dim=2) for both in zip(ahead, back, strict=True))
        kept, added = torch.sigmoid(-z), torch.sigmoid(z) * torch.tanh(n)
        accumulate = self._doubled if self.by_doubling else self._step_by_step
        states = accumulate(kept, added).chunk(2, dim=2)
        return torch.cat([states[0], states[1].flip(1)], dim=2)

    def _gates(self, read: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
        return linear(torch.cat([read, _later(read, 1)], dim=2), weight, bias).chunk(2, dim=2)

    def _doubled(self, kept: Tensor, added: Tensor) -> Tensor:
        """Let `added` hold what 1, 2, 4, ... steps add, and `kept` what they keep."""
        num_steps = 1
        while num_steps < self.length:
            added = added + kept * _later(added, num_steps)
            kept = kept * _later(kept, num_steps)
            num_steps *= 2
        return added

    def _step_by_step(self, kept: Tensor, added: Tensor) -> Tensor:
        states = [added[:, 0]]
        for t in range(1, self.length):
            states.append(added[:, t] + kept[:, t] * states[-1])
        return torch.stack(states, dim=1)


def _later(values: Tensor, places: int) -> Tensor:
    """Move `values` [batch, time, width] to later places; zeros come first."""
    return pad(values, (0, 0, places, -places))
