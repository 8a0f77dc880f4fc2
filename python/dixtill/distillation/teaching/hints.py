"""Makes hints from a teacher's states, which say more about a text than its few logits do.

The state of a text is the mean of its tokens' states in the teacher's last layer. Its hint is the
state's projection onto the principal components of the training texts' states. Each component is
divided by the square root of its standard deviation, so that the first ones do not drown the
others. In training, a linear map of what the student attends to predicts the hint (FitNets, Romero
et al. 2015). The map is thrown away afterwards, so hints change neither the size nor the speed of a
student.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_ENOUGH = 20_000  # texts, for principal components
_ROUNDING = 1e-3  # of the mean state; float16 has three digits
_SMALLEST = 0.01  # of the first deviation; other texts could be far out in a direction with less
WIDTH = 64  # numbers in a hint, or fewer if the training texts differ in fewer directions


@dataclass(frozen=True)
class HintBasis:
    """The affine map from a teacher's states to hints."""

    mean: Tensor  # [state]
    directions: Tensor  # [state, width]

    @classmethod
    def of(cls, states: Tensor) -> HintBasis:
        """Return the basis for the `states` [texts, state] of the training texts.

        Their hints have zero mean and a mean square of one over all numbers, so that a hint loss of
        one is that of knowing nothing about a text. If all states are equal, hints have no numbers.
        Of many texts, every n-th is looked at.
        """
        states = states[:: -(-len(states) // _ENOUGH)].float()
        mean = states.mean(dim=0)
        centered = states - mean
        _, singular, components = torch.linalg.svd(centered, full_matrices=False)
        is_kept = singular > max(_SMALLEST * float(singular.max()), _ROUNDING * float(mean.norm()))
        singular, components = singular[is_kept][:WIDTH], components[is_kept][:WIDTH]
        size = (singular.mean() * singular / len(states)).sqrt()
        return cls(mean, components.T / size)

    def hints(self, states: Tensor) -> Tensor:
        """Return the hints [texts, width] float16 of texts with these `states` [texts, state]."""
        return ((states.float() - self.mean) @ self.directions).half()
