"""Several labels, which do not exclude each other: a sigmoid for each."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from ...measures.thresholds import ENOUGH
from .. import losses
from .rules import FloatTargetRules, mean_over_texts
from .temperature import fit_temperature


class SigmoidRules(FloatTargetRules):
    """Targets are 1 for a label that a text has and 0 for others, float32 [texts, C], else NaN."""

    output = "sigmoid"

    def task_loss(self, logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """Return the binary cross-entropy, summed over the labels."""
        is_known = self.is_labeled(targets)
        by_text = functional.binary_cross_entropy_with_logits(
            logits, targets.nan_to_num(0.0), reduction="none"
        ).sum(dim=1)
        return mean_over_texts(by_text * is_known, weights)

    def kl_loss(
        self, logits: Tensor, teacher: Tensor, temperature: float, weights: Tensor | None = None
    ) -> Tensor:
        return mean_over_texts(self.kl_by_text(logits, teacher, temperature), weights)

    def kl_by_text(self, logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
        return losses.binary_kl_by_text(logits, teacher, temperature)

    def confidences(self, teacher: Tensor) -> Tensor:
        """Return the mean over the labels of the probability of the likelier answer."""
        probabilities = teacher.sigmoid()
        return torch.maximum(probabilities, 1 - probabilities).mean(dim=1)

    def labels(self, targets: Tensor) -> npt.NDArray[Any]:
        return targets.numpy() > 0

    def temperature(self, logits: Tensor, targets: Tensor) -> list[float]:
        """Return one for each label; 1 for a label that too few texts have, or lack, to fit it."""
        return [
            fit_temperature(logits[:, k], labels, functional.binary_cross_entropy_with_logits)
            if ENOUGH <= float(labels.sum()) <= len(labels) - ENOUGH
            else 1.0
            for k, labels in enumerate(targets.double().T)
        ]
