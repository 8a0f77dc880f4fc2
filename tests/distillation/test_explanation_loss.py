"""The loss of explanations of some outputs estimates that of all, whatever is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from dixtill.distillation.student import losses

# Of five outputs two are certain to be explained, and one of the others is drawn.
CERTAIN = (1, 3)
DRAWS = (0, 2, 4)


def drawn(teacher: Tensor, draws: Sequence[int]) -> tuple[Tensor, Tensor]:
    """The teacher's attributions and `explained`, for the output drawn for each text."""
    explained = torch.zeros(len(draws), 5)
    explained[:, list(CERTAIN)] = 1
    explained[range(len(draws)), list(draws)] = len(DRAWS)
    return teacher * explained[:, None].bool(), explained


def all_with_the_same_size(student: Tensor, teacher: Tensor) -> Tensor:
    """The loss of all outputs, where those that are certain say how large the teacher's are."""
    by_text = []
    for mine, theirs in zip(student, teacher, strict=True):
        size = theirs[:, list(CERTAIN)].norm() * math.sqrt(5 / 2)
        by_text.append((mine / mine.norm() - theirs / size).square().sum() / 4)
    return sum(by_text) / len(by_text)


def test_the_expectation_over_all_draws_is_the_loss_of_all_outputs():
    """And its gradient is theirs, for the text alone and in a batch with every other draw."""
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(2, 6, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(2, 6, 5, generator=generator, dtype=torch.float64)
    found = [
        losses.explanation_loss(student, *drawn(teacher, draws))
        for draws in product(DRAWS, repeat=2)
    ]
    mean, expected = sum(found) / len(found), all_with_the_same_size(student, teacher)
    torch.testing.assert_close(mean, expected)
    gradients = [torch.autograd.grad(loss, student)[0] for loss in (mean, expected)]
    torch.testing.assert_close(*gradients)
    assert max(found) > 1.1 * mean


def test_with_outputs_of_one_size_the_expectation_falls_and_rises_with_the_cosine():
    """Then the size is that of all outputs, and the expectation is (1 - cos) / 2 itself."""
    generator = torch.Generator().manual_seed(1)
    student = torch.randn(1, 6, 5, generator=generator)
    teacher = functional.normalize(torch.randn(1, 6, 5, generator=generator), dim=1)
    found = [losses.explanation_loss(student, *drawn(teacher, [draw])) for draw in DRAWS]
    expected = losses.explanation_loss(student, teacher)
    assert float(sum(found) / 3) == pytest.approx(float(expected), rel=1e-5)


def test_outputs_that_are_not_explained_are_not_zero():
    """What the student says of them costs nothing, except for its part in the student's size."""
    student = torch.tensor([[[3.0, 0.0, 4.0, 0.0, 0.0], [0.0, 3.0, 0.0, 4.0, 0.0]]])
    teacher, explained = drawn(student, [0])
    turned = student * torch.tensor([1.0, 1.0, -1.0, 1.0, 1.0])
    one, other = (losses.explanation_loss(each, teacher, explained) for each in (student, turned))
    assert float(one) == float(other) < float(losses.explanation_loss(turned, student))


def test_a_student_that_agrees_has_no_loss_whatever_is_drawn():
    generator = torch.Generator().manual_seed(2)
    teacher = functional.normalize(torch.randn(1, 6, 5, generator=generator), dim=1)
    for draw in DRAWS:
        student = (3 * teacher).requires_grad_()
        loss = losses.explanation_loss(student, *drawn(teacher, [draw]))
        assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
        assert torch.autograd.grad(loss, student)[0].abs().max() < 1e-6
