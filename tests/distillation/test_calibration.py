"""Tests the calibration error by hand and by a slower count, and the temperature."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dixtill.distillation.measures.calibration_error import calibration_error
from dixtill.distillation.measures.scores import scores_of
from dixtill.distillation.network.student import Student
from dixtill.distillation.student.calibration import divide_logits
from dixtill.distillation.student.outputs.temperature import fit_temperature
from dixtill.runtime.model_file.shape import StudentShape


def binary(*top: float) -> np.ndarray:
    """Probabilities [N, 2] whose first class is the more likely one."""
    return np.array([[p, 1 - p] for p in top])


@pytest.mark.parametrize(
    ("probabilities", "labels", "expected"),
    [
        (binary(1.0, 1.0), [0, 0], 0.0),
        (binary(1.0, 1.0), [1, 1], 1.0),
        (binary(0.75, 0.75, 0.75, 0.75), [0, 0, 0, 1], 0.0),
        # 0.61 and 0.65 share the bin (0.6, 0.667], in which their errors cancel.
        (binary(0.61, 0.65), [0, 1], 0.13),
        # 0.59 and 0.61 lie in different bins: 0.41 too low and 0.61 too high.
        (binary(0.59, 0.61), [0, 1], 0.51),
        (binary(0.9, 0.9, 0.55), [0, 1, 0], (2 * 0.4 + 0.45) / 3),
    ],
)
def test_the_calibration_error_of_cases_worked_out_by_hand(probabilities, labels, expected):
    assert calibration_error(probabilities, np.array(labels)) == pytest.approx(expected)
    assert scores_of(labels, probabilities).calibration_error == pytest.approx(expected)


def by_definition(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """The same measure, bin by bin in loops."""
    total = 0.0
    for b in range(bins):
        inside = [
            (max(row), int(np.argmax(row)) == label)
            for row, label in zip(probabilities, labels, strict=True)
            if b / bins < max(row) <= (b + 1) / bins
        ]
        if inside:
            confidence = sum(top for top, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            total += len(inside) / len(labels) * abs(accuracy - confidence)
    return total


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    probabilities = np.array([[0.75, 0.25], [0.5, 0.5], [1.0, 0.0], [0.875, 0.125]])
    labels = np.array([0, 1, 0, 1])
    # With 4 bins: {0.5, wrong}, {0.75, right}, {1.0 and 0.875, one of two right}.
    assert calibration_error(probabilities, labels, 4) == pytest.approx(
        (0.5 + 0.25 + (1.875 - 1)) / 4
    )


@pytest.mark.parametrize("bins", [1, 7, 15])
def test_the_calibration_error_is_that_of_the_definition(bins):
    rng = np.random.default_rng(0)
    for num_classes in (2, 3, 7):
        probabilities = rng.dirichlet(np.ones(num_classes), 500)
        labels = rng.integers(0, num_classes, 500)
        expected = by_definition(probabilities, labels, bins)
        assert calibration_error(probabilities, labels, bins) == pytest.approx(expected)


@pytest.mark.parametrize("true", [0.4, 1.0, 2.5])
def test_the_factor_that_spoiled_the_logits_is_found(true):
    """Draw labels with the probabilities of the logits, then multiply the logits."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(20_000, 3, generator=generator)
    labels = torch.multinomial(logits.softmax(dim=1), 1, generator=generator)[:, 0]
    assert fit_temperature(logits * true, labels) == pytest.approx(true, rel=0.05)
    spoilt, mended = (
        calibration_error((logits * true / t).softmax(dim=1).numpy(), labels.numpy())
        for t in (1.0, fit_temperature(logits * true, labels))
    )
    assert mended < 0.01
    assert true == 1.0 or mended < spoilt / 5


def test_texts_without_an_error_do_not_make_the_temperature_zero():
    logits = torch.tensor([[3.0, 0.0], [0.0, 3.0]])
    assert 0.05 <= fit_temperature(logits, torch.tensor([0, 1])) < 0.2
    assert 19 < fit_temperature(logits, torch.tensor([1, 0])) <= 20


@torch.no_grad()
def test_dividing_the_logits_divides_each_words_share_and_nothing_else():
    torch.manual_seed(0)
    student = Student(StudentShape("lstm", 10, 6, 5, 4, 3)).eval()
    ids, mask = torch.tensor([[1, 2, 3]]), torch.ones(1, 3, dtype=torch.bool)
    before = student(ids, mask)
    divide_logits(student, 2.5)
    after = student(ids, mask)
    torch.testing.assert_close(after.logits, before.logits / 2.5)
    torch.testing.assert_close(after.contributions, before.contributions / 2.5)
    assert torch.equal(after.scores, before.scores)
