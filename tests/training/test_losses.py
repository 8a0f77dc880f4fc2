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
        ([1.0, 1.0, 0.0], [0.0, 0.0, 0.0], 0.0),  # not explained
    ],
)
def test_explanations_are_compared_by_their_angle(student, teacher, expected):
    actual = losses.explanation_loss(by_word([student]), by_word([teacher]))
    assert float(actual) == pytest.approx(expected, abs=1e-6)


def by_word(rows: list[list[float]]) -> Tensor:
    """Explanations of one class [batch, words, 1]."""
    return torch.tensor(rows)[..., None]


def test_the_explanation_loss_is_the_mean_over_explained_texts():
    student = by_word([[3.0, 4.0], [1.0, 0.0], [1.0, 2.0]])
    teacher = by_word([[4.0, 3.0], [-5.0, 0.0], [0.0, 0.0]])
    assert float(losses.explanation_loss(student, teacher)) == pytest.approx((0.02 + 1) / 2)


def test_explanations_of_several_classes_make_one_angle():
    student = torch.tensor([[[3.0, 0.0], [0.0, 4.0]]])
    teacher = torch.tensor([[[4.0, 0.0], [0.0, 3.0]]])
    assert float(losses.explanation_loss(student, teacher)) == pytest.approx(0.02, abs=1e-6)


def test_additivity_is_zero_where_the_logits_lose_what_the_words_had_given():
    contributions = losses.centred(torch.randn(2, 3, 3, generator=torch.manual_seed(0)))
    removed = torch.tensor([[True, False, True], [False, True, False]])
    change = torch.stack([contributions[0, 0] + contributions[0, 2], contributions[1, 1]])
    # A shift of all classes is no change: softmax does not see it.
    assert float(losses.additivity_loss(contributions, removed, change + 5)) < 1e-6


def test_additivity_is_the_smooth_l1_of_the_difference():
    contributions = torch.tensor([[[1.0, -1.0], [0.5, -0.5]]])
    change = torch.tensor([[0.0, 0.0]])
    removed = torch.tensor([[True, True]])
    # 1.5 and -1.5 are past the threshold of 1: |x| - 1/2.
    assert float(losses.additivity_loss(contributions, removed, change)) == pytest.approx(1.0)
    only_second = torch.tensor([[False, True]])
    # 0.5 and -0.5 are within: x^2 / 2.
    assert float(losses.additivity_loss(contributions, only_second, change)) == pytest.approx(0.125)


logits = st.lists(st.floats(-100, 100, width=32), min_size=4, max_size=4)


@settings(deadline=None)
@given(student=logits, teacher=logits, tau=st.sampled_from([0.5, 1.0, 5.0]))
def test_the_bounded_losses_stay_within_0_and_1(student, teacher, tau):
    rounding = 1e-5
    for loss in (
        losses.bounded_kl_loss(torch.tensor([student]), torch.tensor([teacher]), tau),
        losses.explanation_loss(by_word([student]), by_word([teacher])),
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
    values = torch.tensor([[[1.0], [2.0], [4.0]], [[8.0], [16.0], [float("nan")]]])
    sums = losses.sum_over_words(values, WORD_OF_PIECE, 3)
    assert sums[..., 0].tolist() == [[3.0, 4.0, 0.0], [8.0, 16.0, 0.0]]


def test_padding_has_no_gradient():
    values = torch.ones(2, 3, 1, requires_grad=True)
    losses.sum_over_words(values, WORD_OF_PIECE, 2).sum().backward()
    assert values.grad is not None
    assert values.grad[..., 0].tolist() == [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]


def test_the_mean_is_over_a_words_pieces():
    scores = torch.tensor([[[1.0], [2.0], [4.0]], [[8.0], [-16.0], [0.0]]])
    explained = losses.mean_over_words(scores, WORD_OF_PIECE, 3)
    assert explained[..., 0].tolist() == [[1.5, 4.0, 0.0], [8.0, -16.0, 0.0]]


def test_contributions_are_the_targets_share_less_the_mean_of_all():
    contributions = torch.tensor(
        [
            [[3.0, 0.0, 0.0], [0.0, 6.0, 0.0], [1.0, 1.0, 1.0]],
            [[0.0, 0.0, 9.0], [3.0, 3.0, 0.0], [9.0, 9.0, 9.0]],
        ]
    )
    by_word = losses.sum_over_words(losses.centred(contributions), WORD_OF_PIECE, 3)
    explained = losses.of_class(by_word, torch.tensor([0, 2]))
    # Text 0, class 0: (3 - 1) + (0 - 2) for the first word; text 1, class 2: 9 - 3 and 0 - 2.
    assert explained[..., 0].tolist() == [[0.0, 0.0, 0.0], [6.0, -2.0, 0.0]]


def test_what_is_centred_cancels_over_the_classes():
    values = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(losses.centred(values).sum(dim=2), torch.zeros(2, 3))
