"""The loss of a teacher's fine-tuning where texts have weights; otherwise transformers has it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..config import OutputKind


def weighted_loss(output: OutputKind, logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return the mean over the batch of each text's loss times its weight.

    With the weights 1, it is the loss that transformers computes.

    Args:
        output: the kind of the labels.
        logits: [batch, C].
        labels: class indices [batch], 1 and 0 for each label [batch, C], or numbers [batch].
        weights: [batch].
    """
    if output == "softmax":
        by_text = functional.cross_entropy(logits, labels, reduction="none")
    elif output == "sigmoid":
        by_label = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        by_text = by_label.mean(dim=1)
    else:
        by_text = torch.square(logits[:, 0] - labels)
    return (weights * by_text).mean()
