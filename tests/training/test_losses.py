"""The losses against numbers worked out in plain Python, and at their edges."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dixtill.training import losses

STUDENT = [[1.0, -0.5, 2.0], [0.0, 0.3, -1.2]]
TEACHER = [[2.0, 0.5, -1.0], [0.1, 0.2, 0.3]]


def softmax(values: list[float], temperature: float) -> list[float]:
    powers = [math.exp(value / temperature) for value in values]
    return [power / sum(powers) for power in powers]


def kl_by_hand(student: list[list[float]], teacher: list[list[float]], tau: float) -> float:
    rows = [
        sum(
            p * math.log(p / q)
            for p, q in zip(softmax(wanted, tau), softmax(given, tau), strict=True)
        )
        for given, wanted in zip(student, teacher, strict=True)
    ]
    return tau**2 * sum(rows) / len(rows)


@pytest.mark.parametrize("tau", [1.0, 2.0, 5.0])
def test_kl_is_the_batch_mean_times_the_square_of_the_temperature(tau):
    expected = kl_by_hand(STUDENT, TEACHER, tau)
    student, teacher = torch.tensor(STUDENT), torch.tensor(TEACHER)
    assert float(losses.kl_loss(student, teacher, tau)) == pytest.approx(expected, rel=1e-5)
    bounded = float(losses.bounded_kl_loss(student, teacher, tau))
    assert bounded == pytest.approx(1 - math.exp(-expected), rel=1e-5)


def test_kl_of_two_classes_is_the_number_on_paper():
    """Teacher (3/4, 1/4), student (1/2, 1/2): 3/4 ln(3/2) + 1/4 ln(1/2) = 0.130812."""
    student, teacher = torch.zeros(1, 2), torch.tensor([[math.log(3), 0.0]])
    assert float(losses.kl_loss(student, teacher, 1.0)) == pytest.approx(0.130812, abs=1e-6)
    assert float(losses.bounded_kl_loss(student, teacher, 1.0)) == pytest.approx(0.122617, abs=1e-6)


def test_mse_is_the_mean_over_all_logits():
    rows = zip(STUDENT, TEACHER, strict=True)
    squares = [(s - t) ** 2 for row in rows for s, t in zip(*row, strict=True)]
    actual = losses.mse_loss(torch.tensor(STUDENT), torch.tensor(TEACHER))
    assert float(actual) == pytest.approx(sum(squares) / 6, rel=1e-6)


@pytest.mark.parametrize(
    ("student", "teacher", "expected"),
    [
        ([1.0, 2.0, 0.0], [2.0, 4.0, 0.0], 0.0),  # same direction
        ([1.0, 2.0, 0.0], [-1.0, -2.0, 0.0], 1.0),  # opposite
        ([1.0, 0.0, 0.0], [0.0, 3.0, 0.0], 0.5),  # orthogonal
        ([3.0, 4.0, 0.0], [4.0, 3.0, 0.0], 0.02),  # cosine 24/25
        ([0.0, 0.0, 0.0], [1.0, 1.0, 0.0], 0.5),  # nothing said
    ],
)
def test_explanations_are_compared_by_their_angle(student, teacher, expected):
    actual = losses.explanation_loss(torch.tensor([student]), torch.tensor([teacher]))
    assert float(actual) == pytest.approx(expected, abs=1e-6)


def test_the_explanation_loss_is_the_mean_over_texts():
    student = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    teacher = torch.tensor([[4.0, 3.0], [-5.0, 0.0]])
    assert float(losses.explanation_loss(student, teacher)) == pytest.approx((0.02 + 1) / 2)


logits = st.lists(st.floats(-100, 100, width=32), min_size=4, max_size=4)


@settings(deadline=None)
@given(student=logits, teacher=logits, tau=st.sampled_from([0.5, 1.0, 5.0]))
def test_the_bounded_losses_stay_within_0_and_1(student, teacher, tau):
    rounding = 1e-5
    for loss in (
        losses.bounded_kl_loss(torch.tensor([student]), torch.tensor([teacher]), tau),
        losses.explanation_loss(torch.tensor([student]), torch.tensor([teacher])),
    ):
        assert -rounding <= float(loss) <= 1 + rounding


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-30, 1e4])
@pytest.mark.parametrize("other", [0.0, 1.0, -1e4])
def test_gradients_are_finite_at_the_edges(value, other):
    def check(loss, *arguments) -> None:
        student = torch.full((2, 3), value, requires_grad=True)
        with torch.no_grad():
            student[0, 1] *= -1
        result = loss(student, torch.full((2, 3), other), *arguments)
        (gradient,) = torch.autograd.grad(result, student)
        assert result.isfinite()
        assert gradient.isfinite().all()

    check(losses.kl_loss, 2.0)
    check(losses.bounded_kl_loss, 5.0)
    check(losses.mse_loss)
    check(losses.explanation_loss)


@pytest.mark.parametrize("loss", [losses.kl_loss, losses.bounded_kl_loss])
def test_a_student_that_equals_its_teacher_has_nothing_to_learn(loss):
    student = torch.tensor(STUDENT, requires_grad=True)
    result = loss(student, torch.tensor(STUDENT), 5.0)
    (gradient,) = torch.autograd.grad(result, student)
    assert float(result.detach()) == pytest.approx(0, abs=1e-6)
    assert float(gradient.abs().max()) < 1e-6


# Two texts of three and two pieces: words of (2, 1) and (1, 1) pieces.
WORD_OF_PIECE = torch.tensor([[0, 0, 1], [0, 1, -1]])


def test_pieces_are_summed_into_their_words_without_padding():
    values = torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, float("nan")]])
    sums = losses.sum_over_words(values, WORD_OF_PIECE, 3)
    assert sums.tolist() == [[3.0, 4.0, 0.0], [8.0, 16.0, 0.0]]


def test_padding_has_no_gradient():
    values = torch.ones(2, 3, requires_grad=True)
    losses.sum_over_words(values, WORD_OF_PIECE, 2).sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]


def test_scores_are_averaged_over_a_words_pieces():
    scores = torch.tensor([[1.0, 2.0, 4.0], [8.0, -16.0, 0.0]])
    explained = losses.explained_by_scores(scores, WORD_OF_PIECE, 3)
    assert explained.tolist() == [[1.5, 4.0, 0.0], [8.0, -16.0, 0.0]]


def test_contributions_are_the_targets_share_less_the_mean_of_all():
    contributions = torch.tensor(
        [
            [[3.0, 0.0, 0.0], [0.0, 6.0, 0.0], [1.0, 1.0, 1.0]],
            [[0.0, 0.0, 9.0], [3.0, 3.0, 0.0], [9.0, 9.0, 9.0]],
        ]
    )
    target = torch.tensor([0, 2])
    explained = losses.explained_by_contributions(contributions, target, WORD_OF_PIECE, 3)
    # Text 0, class 0: (3 - 1) + (0 - 2) for the first word; text 1, class 2: 9 - 3 and 0 - 2.
    assert explained.tolist() == [[0.0, 0.0, 0.0], [6.0, -2.0, 0.0]]


def test_contributions_of_all_classes_cancel():
    generator = torch.Generator().manual_seed(0)
    contributions = torch.randn(2, 3, 3, generator=generator)
    explained: list[Tensor] = [
        losses.explained_by_contributions(contributions, torch.full((2,), target), WORD_OF_PIECE, 2)
        for target in range(3)
    ]
    torch.testing.assert_close(sum(explained), torch.zeros(2, 2))
