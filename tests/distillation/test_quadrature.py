"""Tests where adaptive quadrature refines, when it ends, and for which functions it is exact."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from dixtill.distillation.attribution.quadrature import (
    AdaptiveQuadrature,
    FixedQuadrature,
    Quadrature,
    are_accurate,
    fixed_rule,
)

Function = Callable[[float], list[list[float]]]  # [outputs][words]


def integrated(quadrature: Quadrature, function: Function) -> list[float]:
    """Compute values until the quadrature is finished; returns the distinct nodes in order."""
    asked: list[float] = []
    while wanted := quadrature.wanted:
        asked += wanted
        quadrature.add({node: torch.tensor(function(node)) for node in wanted})
    assert len(asked) == len(set(asked)) == quadrature.steps
    return asked


def adaptive(*sums: float, tolerance: float = 0.08, max_steps: int = 63) -> AdaptiveQuadrature:
    return AdaptiveQuadrature(torch.tensor(sums), tolerance, max_steps)


def peak(at: float) -> Callable[[float], float]:
    """A peak of width 0.05 and area 1, part of which may lie outside [0, 1]."""
    return lambda x: math.exp(-(((x - at) / 0.05) ** 2)) / (0.05 * math.sqrt(math.pi))


def test_nine_nodes_are_exact_up_to_degree_five():
    quadrature = adaptive(*(1 / (power + 1) for power in range(6)), tolerance=1.0)
    nodes = integrated(quadrature, lambda x: [[x**power] for power in range(6)])
    assert nodes == [k / 8 for k in range(9)]
    expected = torch.tensor([[1 / (power + 1)] for power in range(6)])
    torch.testing.assert_close(quadrature.value, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("at", [0.2, 0.31, 0.5, 0.83])
def test_it_refines_around_a_peak(at):
    both = peak(at)
    quadrature = adaptive(-1.0, tolerance=0.01)
    nodes = integrated(quadrature, lambda x: [[both(x), -2 * both(x)]])
    torch.testing.assert_close(quadrature.value, torch.tensor([[1.0, -2.0]]), rtol=0.01, atol=0)
    assert quadrature.steps < 40
    near = [abs(node - at) < 0.2 for node in nodes[9:]]
    assert sum(near) > 0.7 * len(near)


def test_an_output_that_is_rough_is_refined_however_smooth_the_others_are():
    sharp = peak(0.3)
    quadrature = adaptive(1000.0, 1.0, tolerance=0.01)
    integrated(quadrature, lambda x: [[1000.0], [sharp(x)]])
    torch.testing.assert_close(quadrature.value, torch.tensor([[1000.0], [1.0]]), rtol=0.01, atol=0)


def test_it_stops_at_the_limit_of_steps():
    for most in range(9, 40):
        quadrature = adaptive(1.0, tolerance=1e-9, max_steps=most)
        integrated(quadrature, lambda x: [[math.sin(300 * x)]])
        assert most - 4 < quadrature.steps <= most


def test_a_zero_function_takes_nine_steps():
    quadrature = adaptive(0.0)
    assert len(integrated(quadrature, lambda x: [[0.0, 0.0]])) == 9
    assert quadrature.value.tolist() == [[0.0, 0.0]]


def test_refinement_ends_even_if_the_sum_is_never_reached():
    quadrature = adaptive(5.0)
    integrated(quadrature, lambda x: [[1.0]])
    assert quadrature.value.tolist() == [[pytest.approx(1)]]


def test_a_fixed_rule_asks_once_and_weights_the_values():
    quadrature = FixedQuadrature(fixed_rule("gausslegendre", 3))
    assert len(integrated(quadrature, lambda x: [[x**5, 1.0], [x, x * x]])) == 3
    torch.testing.assert_close(quadrature.value, torch.tensor([[1 / 6, 1.0], [1 / 2, 1 / 3]]))


def test_accurate_values_are_complete_and_have_small_errors():
    value = torch.tensor([[3.0, -1.0], [0.0, 4.0]])  # of sizes 4, lengths 3.16 and 4
    sums, none = value.sum(dim=1), torch.zeros(2)

    def accurate(errors: Tensor, off: list[float]) -> list[bool]:
        return are_accurate(value, errors, sums + torch.tensor(off), 0.1).tolist()

    assert accurate(none, [0, 0]) == [True, True]
    assert accurate(none, [0.39, -0.39]) == [True, True]
    assert accurate(none, [0.41, -0.41]) == [False, False]
    assert accurate(torch.tensor([1.26, 1.59]), [0, 0]) == [True, True]
    assert accurate(torch.tensor([1.27, 1.61]), [0, 0]) == [False, False]
    nothing = torch.zeros(1, 3)
    assert are_accurate(nothing, torch.zeros(1), torch.zeros(1), 0.1).all()
