"""The effects of weights on a quiz equal those that autograd finds through the step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from toy_training import TRAIN, VALID, new_student

from dixtill.distillation.student.losses import kl_by_text
from dixtill.distillation.teaching.look_ahead import effects_of_weights

RATE = 0.1
Losses = Callable[[], Tensor]


def gradients_of(model: torch.nn.Module, text_losses: Losses, weights: Tensor) -> list[Tensor]:
    loss = (weights * text_losses()).mean()
    return list(torch.autograd.grad(loss, list(model.parameters())))


@pytest.mark.parametrize(
    ("kind", "tolerance"), [(torch.float64, 1e-4), (torch.float32, 2e-3)], ids=str
)
def test_effects_equal_autograds_through_the_step(kind, tolerance):
    """Relative to the largest effect; in float32, rounding of the differences adds to the error."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3)).to(
        kind
    )
    texts, quiz = torch.randn(16, 5, dtype=kind), torch.randn(9, 5, dtype=kind)
    teacher, labels = 2 * torch.randn(16, 3, dtype=kind), torch.randint(3, (9,))
    weights = (torch.rand(16, dtype=kind) + 0.5).requires_grad_()
    named = dict(model.named_parameters())

    def text_losses() -> Tensor:
        return kl_by_text(model(texts), teacher, 2.0)

    loss = (weights * text_losses()).mean()
    steps = torch.autograd.grad(loss, list(named.values()), create_graph=True)
    moved = {n: p - RATE * g for (n, p), g in zip(named.items(), steps, strict=True)}
    quiz_loss = cross_entropy(functional_call(model, moved, (quiz,)), labels)
    (expected,) = torch.autograd.grad(quiz_loss, weights)

    actual = effects_of_weights(
        list(model.parameters()),
        gradients_of(model, text_losses, weights.detach()),
        RATE,
        lambda: cross_entropy(model(quiz), labels),
        text_losses,
    )
    largest = float(expected.abs().max())
    assert largest > 1e-4
    assert float((actual - expected).abs().max()) < tolerance * largest
    assert (expected > 0).any()
    assert (expected < 0).any()


def test_effects_on_a_student_equal_products_of_gradients():
    """The LSTM has no second derivatives here, but the step is linear in the weights."""
    student = new_student().eval()
    batch, quiz = TRAIN.batch(np.arange(12)), VALID.batch(np.arange(24))
    parameters = list(student.parameters())
    before = [parameter.detach().clone() for parameter in parameters]

    def text_losses() -> Tensor:
        return kl_by_text(student(batch.piece_ids, batch.mask).logits, batch.teacher_logits, 2.0)

    def quiz_loss() -> Tensor:
        return cross_entropy(student(quiz.piece_ids, quiz.mask).logits, quiz.labels)

    gradients = gradients_of(student, text_losses, torch.ones(12))
    actual = effects_of_weights(parameters, gradients, RATE, quiz_loss, text_losses)
    for parameter, value in zip(parameters, before, strict=True):
        assert torch.equal(parameter, value)  # restored to the last bit

    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.sub_(RATE * gradient)
    ahead = torch.autograd.grad(quiz_loss(), parameters)
    student.load_state_dict(dict(zip(student.state_dict(), before, strict=True)))
    expected = torch.stack([
        -RATE / 12 * sum(
            (a * b).sum()
            for a, b in zip(ahead, torch.autograd.grad(loss, parameters), strict=True)
        )
        for loss in [text_losses()[row] for row in range(12)]
    ])  # fmt: skip
    largest = float(expected.abs().max())
    assert float((actual - expected).abs().max()) < 5e-3 * largest


def test_a_quiz_that_nothing_changes_has_no_effects():
    model = torch.nn.Linear(2, 2)
    texts = torch.ones(4, 2)
    effects = effects_of_weights(
        list(model.parameters()),
        [torch.ones_like(each) for each in model.parameters()],
        RATE,
        lambda: 0 * model(texts).sum(),
        lambda: model(texts).sum(dim=1),
    )
    assert torch.equal(effects, torch.zeros(4))
