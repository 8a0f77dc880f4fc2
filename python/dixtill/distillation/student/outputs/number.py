"""A number: the logit itself, learned standardized."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ...data.scale import Scale
from .rules import FloatTargetRules, mean_over_texts


class NumberRules(FloatTargetRules):
    """Targets are numbers in the user's unit, float32 [texts, 1], NaN if unknown."""

    output = "number"

    def __init__(self, scale: Scale) -> None:
        self.scale = scale

    def task_loss(self, logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """Return the Huber loss of the standardized numbers, with the threshold 1."""
        is_known = self.is_labeled(targets)
        by_text = self._huber(logits, targets.nan_to_num(0.0))
        return mean_over_texts(by_text * is_known, weights)

    def kl_loss(
        self, logits: Tensor, teacher: Tensor, temperature: float, weights: Tensor | None = None
    ) -> Tensor:
        return mean_over_texts(self.kl_by_text(logits, teacher, temperature), weights)

    def kl_by_text(self, logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
        """Return the Huber loss, in place of a divergence; a number has no temperature."""
        return self._huber(logits, teacher)

    def known(self, teacher: Tensor) -> Tensor:
        return self.scale.standardized(teacher)

    def confidences(self, teacher: Tensor) -> Tensor:
        """Return the same for all texts, since a number says nothing of it."""
        return torch.ones(len(teacher))

    def answers(self, logits: Tensor) -> Tensor:
        return self.scale.original(logits)

    def temperature(self, logits: Tensor, targets: Tensor) -> float:
        return 1.0

    def _huber(self, logits: Tensor, numbers: Tensor) -> Tensor:
        standardized = self.scale.standardized(numbers)
        return functional.smooth_l1_loss(logits, standardized, reduction="none").sum(dim=1)
