"""Compares the losses with numbers worked out in plain Python, and tests extreme cases."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dixtill.distillation.student import losses


def bounded_kl_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    return losses.bounded(losses.kl_loss(student, teacher, temperature))


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
    bounded = float(bounded_kl_loss(student, teacher, tau))
    assert bounded == pytest.approx(1 - math.exp(-expected), rel=1e-5)


def test_kl_of_two_classes_is_the_number_on_paper():
    """Teacher (3/4, 1/4), student (1/2, 1/2): 3/4 ln(3/2) + 1/4 ln(1/2) = 0.130812."""
    student, teacher = torch.zeros(1, 2), torch.tensor([[math.log(3), 0.0]])
    assert float(losses.kl_loss(student, teacher, 1.0)) == pytest.approx(0.130812, abs=1e-6)
    assert float(bounded_kl_loss(student, teacher, 1.0)) == pytest.approx(0.122617, abs=1e-6)


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
        ([0.0, 0.0, 0.0], [1.0, 1.0, 0.0], 0.25),  # no direction
    ],
)
@pytest.mark.parametrize("shape", [(1, 3, 1), (1, 1, 3)], ids=["words", "outputs"])
def test_explanations_are_compared_by_their_angle(student, teacher, expected, shape):
    actual = losses.explanation_loss(
        torch.tensor(student).view(shape), torch.tensor(teacher).view(shape)
    )
    assert float(actual) == pytest.approx(expected, abs=1e-6)


def test_the_explanation_loss_is_the_mean_over_the_texts_that_are_explained():
    student = torch.tensor([[[3.0], [4.0]], [[1.0], [0.0]], [[5.0], [7.0]]])
    teacher = torch.tensor([[[4.0], [3.0]], [[-5.0], [0.0]], [[0.0], [0.0]]])
    assert float(losses.explanation_loss(student, teacher)) == pytest.approx((0.02 + 1) / 2)
    assert float(losses.explanation_loss(student[2:], teacher[2:])) == 0


def test_the_angle_is_one_over_all_words_and_outputs():
    """The larger output counts more; the mean of the outputs' losses would be 1/4."""
    student = torch.tensor([[[1.0, 0.0], [0.0, 7.0]]])
    teacher = torch.tensor([[[0.0, 0.0], [1.0, 7.0]]])
    expected = (1 - 49 / 50) / 2
    assert float(losses.explanation_loss(student, teacher)) == pytest.approx(expected, abs=1e-6)


logits = st.lists(st.floats(-100, 100, width=32), min_size=4, max_size=4)


@settings(deadline=None)
@given(student=logits, teacher=logits, tau=st.sampled_from([0.5, 1.0, 5.0]))
def test_the_bounded_losses_stay_within_0_and_1(student, teacher, tau):
    rounding = 1e-5
    for loss in (
        bounded_kl_loss(torch.tensor([student]), torch.tensor([teacher]), tau),
        losses.explanation_loss(
            torch.tensor(student).view(1, 2, 2), torch.tensor(teacher).view(1, 2, 2)
        ),
    ):
        assert -rounding <= float(loss) <= 1 + rounding


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-30, 1e4])
@pytest.mark.parametrize("other", [0.0, 1.0, -1e4])
def test_gradients_are_finite_at_the_edges(value, other):
    def check(loss, *arguments, shape=(2, 3)) -> None:
        student = torch.full(shape, value, requires_grad=True)
        with torch.no_grad():
            student[0, 1] *= -1
        result = loss(student, torch.full(shape, other), *arguments)
        (gradient,) = torch.autograd.grad(result, student)
        assert result.isfinite()
        assert gradient.isfinite().all()

    check(losses.kl_loss, 2.0)
    check(bounded_kl_loss, 5.0)
    check(losses.mse_loss)
    check(losses.explanation_loss, shape=(2, 3, 2))

    def additivity(student: Tensor, change: Tensor) -> Tensor:
        return losses.additivity_loss(student, torch.ones(2, 3, dtype=torch.bool), change[:, 0])

    check(additivity, shape=(2, 3, 2))


@pytest.mark.parametrize("loss", [losses.kl_loss, bounded_kl_loss])
def test_a_student_that_equals_its_teacher_has_nothing_to_learn(loss):
    student = torch.tensor(STUDENT, requires_grad=True)
    result = loss(student, torch.tensor(STUDENT), 5.0)
    (gradient,) = torch.autograd.grad(result, student)
    assert float(result.detach()) == pytest.approx(0, abs=1e-6)
    assert float(gradient.abs().max()) < 1e-6


numbers = st.floats(-100, 100, width=32)


@st.composite
def removals(draw) -> tuple[Tensor, Tensor, Tensor]:
    """Contributions [batch, words, classes], removed words, and a shift of each text's logits."""
    batch, words, classes = (draw(st.integers(1, 4)) for _ in range(3))
    size = batch * words * classes
    contributions = torch.tensor(draw(st.lists(numbers, min_size=size, max_size=size)))
    flags = draw(st.lists(st.booleans(), min_size=batch * words, max_size=batch * words))
    shift = torch.tensor(draw(st.lists(numbers, min_size=batch, max_size=batch)))
    return (
        losses.centered(contributions.view(batch, words, classes)),
        torch.tensor(flags).view(batch, words),
        shift[:, None],
    )


@settings(deadline=None)
@given(removals())
def test_additivity_is_zero_where_the_logits_lose_what_the_words_contributed(case):
    contributions, removed, shift = case
    change = torch.stack(
        [words[out].sum(dim=0) for words, out in zip(contributions, removed, strict=True)]
    )
    loss = losses.additivity_loss(contributions, removed, losses.centered(change + shift))
    assert float(loss) == pytest.approx(0, abs=1e-6)


@settings(deadline=None)
@given(removals(), st.lists(numbers, min_size=16, max_size=16))
def test_additivity_is_hubers_loss_of_each_class_worked_out_by_hand(case, changes):
    contributions, removed, _ = case
    batch, _, classes = contributions.shape
    change = torch.tensor(changes)[: batch * classes].view(batch, classes)
    rows = []
    for b in range(batch):
        middle = sum(change[b].tolist()) / classes
        sizes = [abs(w) for word in contributions[b].tolist() if any(word) for w in word]
        unit = 0.1 + (sum(sizes) / len(sizes) if sizes else 0)
        for k in range(classes):
            words = zip(contributions[b, :, k].tolist(), removed[b].tolist(), strict=True)
            error = abs(sum(w for w, out in words if out) - (float(change[b, k]) - middle)) / unit
            rows.append(error**2 / 2 if error < 1 else error - 0.5)
    actual = float(losses.additivity_loss(contributions, removed, losses.centered(change)))
    assert actual == pytest.approx(sum(rows) / len(rows), rel=1e-4, abs=1e-3)


def test_additivity_in_numbers():
    """Words of -1, 1 and 2.2 for class 0 against 1, and padding; two are left out and cost 2."""
    contributions = torch.tensor([[[-1.0, 1.0], [1.0, -1.0], [2.2, -2.2], [0.0, 0.0]]])
    removed = torch.tensor([[False, True, True, False]])
    change = torch.tensor([[7.0, 3.0]])  # 2 and -2 about their mean; expected were 3.2 and -3.2
    expected = (3.2 - 2) / (0.1 + 1.4)  # the mean size of the three words' weights is 1.4
    loss = float(losses.additivity_loss(contributions, removed, losses.centered(change)))
    assert loss == pytest.approx(expected**2 / 2)


def test_additivity_asks_for_the_same_precision_of_a_faint_text_as_of_a_strong_one():
    weights, change = torch.tensor([[[3.0, -3.0], [1.0, -1.0]]]), torch.tensor([[4.0, -4.0]])
    removed = torch.tensor([[True, False]])
    strong, stronger = (
        float(losses.additivity_loss(times * weights, removed, times * change))
        for times in (100, 1000)
    )
    assert strong == pytest.approx(stronger, rel=0.01)
    silent = torch.zeros(1, 2, 2)
    assert float(losses.additivity_loss(silent, removed, 1e-4 * change)) < 1e-5


def test_additivity_does_not_pull_at_the_size_of_the_weights():
    """The unit is constant to the gradient, so words that stay get none."""
    weights = torch.tensor([[[3.0, -3.0], [1.0, -1.0]]], requires_grad=True)
    removed = torch.tensor([[True, False]])
    losses.additivity_loss(weights, removed, torch.tensor([[4.0, -4.0]])).backward()
    assert weights.grad is not None
    assert weights.grad[0, 0].abs().min() > 0
    assert weights.grad[0, 1].tolist() == [0, 0]


def test_centered_values_have_the_mean_zero_over_the_classes():
    values = torch.tensor([[[1.0, 2.0, 6.0]], [[0.0, 0.0, 3.0]]])
    assert losses.centered(values).tolist() == [[[-2.0, -1.0, 3.0]], [[-1.0, -1.0, 2.0]]]


# Two texts of three and two pieces: words of (2, 1) and (1, 1) pieces; two outputs.
WORD_OF_PIECE = torch.tensor([[0, 0, 1], [0, 1, -1]])
NAN = float("nan")


def test_pieces_are_summed_into_their_words_without_padding():
    values = torch.tensor(
        [[[1.0, 0.5], [2.0, -1.0], [4.0, 0.0]], [[8.0, 3.0], [16.0, 5.0], [NAN, NAN]]]
    )
    sums = losses.sum_over_words(values, WORD_OF_PIECE, 3)
    assert sums.tolist() == [
        [[3.0, -0.5], [4.0, 0.0], [0.0, 0.0]],
        [[8.0, 3.0], [16.0, 5.0], [0.0, 0.0]],
    ]


def test_padding_has_no_gradient():
    values = torch.ones(2, 3, 1, requires_grad=True)
    losses.sum_over_words(values, WORD_OF_PIECE, 2).sum().backward()
    assert values.grad is not None
    assert values.grad[..., 0].tolist() == [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]


def test_the_mean_over_words_divides_by_their_pieces():
    values = torch.tensor([[[1.0], [2.0], [4.0]], [[8.0], [-16.0], [NAN]]])
    means = losses.mean_over_words(values, WORD_OF_PIECE, 3)
    assert means[..., 0].tolist() == [[1.5, 4.0, 0.0], [8.0, -16.0, 0.0]]


@st.composite
def pieces_of_words(draw) -> list[list[int]]:
    """The word of each piece, for some texts."""
    texts = draw(
        st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=4), min_size=1, max_size=3)
    )
    return [[word for word, pieces in enumerate(text) for _ in range(pieces)] for text in texts]


@settings(deadline=None)
@given(pieces_of_words(), st.randoms(use_true_random=False))
def test_sums_and_means_over_words_are_those_of_a_loop(texts, random):
    time, num_words = max(map(len, texts)), max(text[-1] for text in texts) + 1
    word_of_piece = torch.tensor([text + [-1] * (time - len(text)) for text in texts])
    values = torch.tensor([[[random.uniform(-1, 1)] * 2 for _ in range(time)] for _ in texts])
    values[..., 1] *= -3
    sums = losses.sum_over_words(values, word_of_piece, num_words)
    means = losses.mean_over_words(values, word_of_piece, num_words)
    for b, text in enumerate(texts):
        for word in range(num_words):
            own = [values[b, t] for t in range(len(text)) if text[t] == word]
            total = sum(own, torch.zeros(2))
            torch.testing.assert_close(sums[b, word], total)
            torch.testing.assert_close(means[b, word], total / max(1, len(own)))


def test_of_class_takes_each_texts_own_class():
    values = torch.tensor([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [0.0, 0.0, 1.0]]])
    assert losses.of_class(values, torch.tensor([0, 2])).tolist() == [
        [[1.0], [4.0]],
        [[9.0], [1.0]],
    ]
