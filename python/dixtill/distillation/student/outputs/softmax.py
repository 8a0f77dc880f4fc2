"""One label of several: a softmax over the classes."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from .. import losses
from .rules import OutputRules
from .temperature import fit_temperature

NO_LABEL = -100  # PyTorch's cross-entropy ignores it


class SoftmaxRules(OutputRules):
    """Targets are class indices, int64 [texts]."""

    output = "softmax"

    def targets(self, labels: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(labels)

    def no_targets(self, count: int, num_labels: int) -> Tensor:
        return torch.full((count,), NO_LABEL)

    def is_labeled(self, targets: Tensor) -> Tensor:
        return targets != NO_LABEL

    def task_loss(self, logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """Return the cross-entropy."""
        if weights is not None:
            by_text = functional.cross_entropy(
                logits, targets, ignore_index=NO_LABEL, reduction="none"
            )
            return (weights * by_text).mean()
        total = functional.cross_entropy(logits, targets, ignore_index=NO_LABEL, reduction="sum")
        return total / len(targets)

    def kl_loss(
        self, logits: Tensor, teacher: Tensor, temperature: float, weights: Tensor | None = None
    ) -> Tensor:
        return losses.kl_loss(logits, teacher, temperature, weights)

    def kl_by_text(self, logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
        return losses.kl_by_text(logits, teacher, temperature)

    def margins(self, values: Tensor) -> Tensor:
        """Return the values without their mean over the classes, which a softmax ignores."""
        return losses.centered(values)

    def confidences(self, teacher: Tensor) -> Tensor:
        return teacher.softmax(dim=1).amax(dim=1)

    def temperature(self, logits: Tensor, targets: Tensor) -> float:
        return fit_temperature(logits, targets, functional.cross_entropy)
