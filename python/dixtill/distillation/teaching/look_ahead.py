"""Computes how each text's weight in a training step would change the loss on a quiz.

As in learning to reweight examples (Ren et al. 2018), but without second derivatives: the step is
theta' = theta - rate * g, and g is linear in the weights, so

    dQ/dw_i = -rate / batch * (gradient of Q at theta') . (gradient of l_i at theta)

and the product is a finite difference of l_i in the direction of the quiz gradient (as in DARTS,
Liu et al. 2019). Two passes without a backward pass give it for all texts of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

_DISTANCE = 0.01  # between the parameters and each of the two points of the finite difference


def effects_of_weights(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    rate: float,
    quiz_loss: Callable[[], Tensor],
    text_losses: Callable[[], Tensor],
) -> Tensor:
    """Return dQ/dw_i [batch] for a step on a loss that holds sum_i w_i l_i / batch.

    Args:
        parameters: of the student. They are changed in place, and restored to the same bits.
        gradients: of the training loss, one for each of the parameters.
        rate: the size of the step.
        quiz_loss: computes the scalar Q from the parameters as they are when it is called.
        text_losses: computes l_i [batch] in the same way, and without randomness.
    """
    with _moved(parameters, gradients, -rate):
        direction = torch.autograd.grad(quiz_loss(), list(parameters))
    length = float(torch.stack([part.square().sum() for part in direction]).sum().sqrt())
    if length == 0:
        return torch.zeros_like(text_losses())
    size = _DISTANCE / length
    with torch.no_grad():
        with _moved(parameters, direction, size):
            ahead = text_losses()
        with _moved(parameters, direction, -size):
            behind = text_losses()
    return -rate * (ahead - behind) / (2 * size) / len(ahead)


@contextmanager
def _moved(
    parameters: Sequence[Tensor], direction: Sequence[Tensor], size: float
) -> Iterator[None]:
    """Add `size` times `direction` to the parameters inside the context."""
    with torch.no_grad():
        before = [parameter.clone() for parameter in parameters]
        for parameter, part in zip(parameters, direction, strict=True):
            parameter.add_(part, alpha=size)
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, value in zip(parameters, before, strict=True):
                parameter.copy_(value)
