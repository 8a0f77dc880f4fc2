"""Compares gate weights with Captum's integrated gradients over the gates of a float student."""

from __future__ import annotations

import torch
from captum.attr import IntegratedGradients
from torch import Tensor, nn

from dixtill.distillation.network.cells import read
from dixtill.distillation.network.student import Student
from dixtill.distillation.student import losses
from dixtill.runtime.model_file.shape import StudentShape
from dixtill.specification import reference

WORD_OF_PIECE = torch.tensor([[0, 0, 1, 2, 3, 3]])
NUM_WORDS = 4
IDS = torch.tensor([[3, 1, 4, 1, 5, 2]])


def new_student() -> Student:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        student = Student(StudentShape("lstm", 7, 4, 3, 2, 3))
        for parameter in student.parameters():
            nn.init.normal_(parameter)
        return student.eval().requires_grad_(False)


def gated_logits(student: Student, gates: Tensor) -> Tensor:
    """Centered logits [batch, classes], with gates [batch, words] that scale exp(score)."""
    states = read(student.cell, student.embedding(IDS), torch.ones_like(IDS).bool()).states[
        0
    ]  # [time, 2 * hidden]
    scores = student.attention_vector(torch.tanh(student.attention_weight(states)))[:, 0]
    opened = gates[:, WORD_OF_PIECE[0]] * scores.exp()
    attention = opened / (student.null_score.exp() + opened.sum(dim=1, keepdim=True))
    return losses.centered(student.head(attention @ states))


def test_weights_by_gates_are_captums_integrated_gradients():
    student = new_student()
    output = student(IDS, torch.ones_like(IDS).bool())
    attention = losses.sum_over_words(output.attention[..., None], WORD_OF_PIECE, NUM_WORDS)
    contributions = losses.sum_over_words(
        losses.centered(output.contributions), WORD_OF_PIECE, NUM_WORDS
    )
    weights = losses.gate_weights(contributions, attention[..., 0])[0]
    captum = IntegratedGradients(lambda gates: gated_logits(student, gates))
    for k in range(3):
        expected = captum.attribute(torch.ones(1, NUM_WORDS), target=k, n_steps=200)[0]
        torch.testing.assert_close(weights[:, k], expected.float(), atol=2e-5, rtol=1e-4)
    assert (weights - contributions[0]).abs().max() > 0.05  # they are not the contributions
    torch.testing.assert_close(weights.sum(dim=0), contributions[0].sum(dim=0))


def test_training_weighs_as_answering_does():
    torch.manual_seed(1)
    contributions = torch.randn(5, 6, 1)
    attention = torch.rand(5, 6)
    attention = (
        attention / attention.sum(dim=1, keepdim=True) * torch.linspace(0.01, 0.99, 5)[:, None]
    )
    found = losses.gate_weights(contributions, attention)[..., 0]
    for row in range(5):
        expected = reference.gate_weights(
            contributions[row, :, 0].tolist(), attention[row].tolist()
        )
        torch.testing.assert_close(found[row], torch.tensor(expected), atol=2e-4, rtol=1e-3)


def test_gradients_are_finite_at_the_edges_of_attention():
    for attended in (0.0, 1e-30, 1e-4, 0.5, 1.0 - 1e-7, 1.0):
        attention = torch.full((1, 4), attended / 4, requires_grad=True)
        contributions = torch.tensor([[[1.0], [0.0], [-2.0], [0.5]]], requires_grad=True)
        weights = losses.gate_weights(contributions, attention)
        weights.square().sum().backward()
        for values in (weights, attention.grad, contributions.grad):
            assert values is not None
            assert values.isfinite().all()
