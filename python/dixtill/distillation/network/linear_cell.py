"""A cell whose recurrence is linear in its state, so that every piece's share can be traced.

state_t = kept_t state_{t-1} + added_t, where gates of neighboring pieces alone say what is kept and
added (specification/cells.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from ...specification.float_parameters import LINEAR_WINDOW, SUFFIXES


class LinearSteps(NamedTuple):
    """What each step of one direction keeps of the state, and adds to it; zero on padding."""

    kept: Tensor  # [time, batch, hidden]
    added: Tensor  # [time, batch, hidden]
    is_backward: bool  # whether the direction reads from the end

    def states(self) -> Tensor:
        """Return the states [time, batch, hidden]."""
        return _accumulated(self.kept, self.added, self.is_backward)

    def shares(self, readers: Tensor) -> Tensor:
        """Return each piece's exact share [time, batch, outputs] of sums over the states.

        Output k is the sum over t of readers_tk . state_t, with readers
        [time, batch, outputs, hidden]. The piece at s has added_s . g_sk of it, where, in the order
        of reading,

            g_s = readers_s + kept_{s+1} g_{s+1}
        """
        reached = _reached(self.kept[:, :, None], readers, self.is_backward)
        return (self.added[:, :, None] * reached).sum(dim=3)


class LinearCell(nn.Module):
    """A linear cell for each direction, with random parameters: forward, and then backward.

    The rows of a weight are those of the gates z and n; its columns are a block for each piece
    that a step reads (LINEAR_WINDOW).
    """

    def __init__(self, embedding_dim: int, hidden_dim: int, is_bidirectional: bool = True) -> None:
        super().__init__()
        columns, rows = len(LINEAR_WINDOW) * embedding_dim, 2 * hidden_dim
        self._suffixes = tuple(SUFFIXES.values())[: 2 if is_bidirectional else 1]
        for suffix in self._suffixes:
            gates = nn.Linear(columns, rows)
            self.register_parameter(f"weight{suffix}", nn.Parameter(gates.weight))
            self.register_parameter(f"bias{suffix}", nn.Parameter(gates.bias))

    def forward(self, vectors: Tensor, mask: Tensor) -> tuple[LinearSteps, ...]:
        """Return the steps of each direction, the forward one first.

        Args:
            vectors: [batch, time, embedding].
            mask: [batch, time] bool, True on real pieces, which come first in each row.
        """
        real = mask[..., None]
        vectors = (vectors * real).transpose(0, 1)  # after the last piece there are zeros
        real = real.transpose(0, 1)
        return tuple(
            _steps(
                vectors,
                real,
                getattr(self, f"weight{suffix}"),
                getattr(self, f"bias{suffix}"),
                is_backward=suffix == SUFFIXES["backward"],
            )
            for suffix in self._suffixes
        )


def _steps(
    vectors: Tensor, real: Tensor, weight: Tensor, bias: Tensor, *, is_backward: bool
) -> LinearSteps:
    """Return the steps of one direction for vectors [time, batch, d] and a mask of as many."""
    window = torch.cat([_before(vectors, back, is_backward) for back in LINEAR_WINDOW], dim=2)
    z, n = linear(window, weight, bias).chunk(2, dim=2)
    kept, added = torch.sigmoid(-z), torch.sigmoid(z) * torch.tanh(n)
    return LinearSteps(kept * real, added * real, is_backward)


def _before(values: Tensor, places: int, is_backward: bool) -> Tensor:
    """Return what was read so many places before each of `values` [time, ...]; zeros at the edge.

    Negative places give what is read after it.
    """
    later = -places if is_backward else places
    return pad(values, (0, 0) * (values.dim() - 1) + (later, -later)) if later else values


def _accumulated(kept: Tensor, added: Tensor, is_backward: bool) -> Tensor:
    """Return s_t = kept_t s_{t-1} + added_t over the first dimension, from its end if backward.

    `kept` has as many dimensions as `added`, some of them of the size 1.
    """
    accumulate: Callable[[Tensor, Tensor, bool], Tensor] = _Accumulated.apply
    return accumulate(kept, added, is_backward)


def _reached(kept: Tensor, readers: Tensor, is_backward: bool) -> Tensor:
    """Return what of a sum over readers_t s_t one unit of added_t reaches, in shape of `readers`.

    `is_backward` is as for `_accumulated`.
    """
    return _accumulated(_before(kept, -1, is_backward), readers, not is_backward)


class _Accumulated(torch.autograd.Function):
    """One operation a step; PyTorch's own record of the loop would copy each state twice."""

    @staticmethod
    def forward(ctx: Any, kept: Tensor, added: Tensor, is_backward: bool) -> Tensor:
        states, state = torch.empty_like(added), torch.zeros_like(added[0])
        places = range(len(added))
        for t in reversed(places) if is_backward else places:
            state = torch.addcmul(added[t], kept[t], state, out=states[t])
        ctx.is_backward = is_backward
        ctx.save_for_backward(kept, states)
        return states

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        kept, states = ctx.saved_tensors
        reached = _reached(kept, gradients[0], ctx.is_backward)
        of_kept = reached * _before(states, 1, ctx.is_backward)
        return of_kept.sum_to_size(kept.shape), reached, None
