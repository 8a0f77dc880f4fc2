"""A small network that weighs texts by what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.kind import Kind

_HIDDEN = 8
_LEARNING_RATE = 0.003  # of 0.001, 0.003 and 0.01, best where a fifth of the answers is wrong


class Weighting(nn.Module):
    """Gives texts weights in (0, 2) times a factor that makes their mean in a batch 1.

    The features of a text are its kind, the teacher's confidence, and log(1 + divergence), as the
    loss is in Meta-Weight-Net (Shu et al. 2019). At first all weights are 1.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.layers = nn.Sequential(
                nn.Linear(len(Kind) + 2, _HIDDEN), nn.Tanh(), nn.Linear(_HIDDEN, 1)
            )
        for parameter in self.layers[2].parameters():
            nn.init.zeros_(parameter)
        self._optimizer = torch.optim.Adam(self.parameters(), lr=_LEARNING_RATE)

    def forward(self, kinds: Tensor, confidences: Tensor, divergences: Tensor) -> Tensor:
        """Return the texts' weights [batch], whose mean is 1.

        Args:
            kinds: [batch] int64, values of Kind.
            confidences: [batch], the teacher's probability of its label.
            divergences: [batch], of the student from the teacher, not negative.
        """
        numbers = torch.stack([confidences, divergences.log1p()], dim=1)
        features = torch.cat([functional.one_hot(kinds, len(Kind)), numbers], dim=1)
        weights = 2 * torch.sigmoid(self.layers(features)[:, 0])
        return weights / weights.mean()

    def learn(self, weights: Tensor, effects: Tensor) -> None:
        """Take a step that lowers the quiz loss.

        Args:
            weights: [batch], as `forward` returned them.
            effects: [batch], the derivative of the quiz loss by each weight. Their unit is of no
                importance; they are scaled to the size 1, because Adam's epsilon has a unit.
        """
        size = effects.abs().mean()
        if size > 0:
            self._optimizer.zero_grad()
            torch.autograd.backward((weights * (effects / size)).mean())
            self._optimizer.step()

    def state(self) -> dict[str, Any]:
        """Return what `load` needs to go on to the same bits."""
        return {"parameters": self.state_dict(), "optimizer": self._optimizer.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take a state that `state` returned."""
        self.load_state_dict(state["parameters"])
        self._optimizer.load_state_dict(state["optimizer"])
