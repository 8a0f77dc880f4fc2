"""Rules of integration: how exact they are, and what a level keeps of the one before."""

from __future__ import annotations

import numpy as np
import pytest

from dixtill.training.quadrature import nested_rule

LEVELS = (7, 15, 31, 63)


@pytest.mark.parametrize("num_nodes", LEVELS)
def test_a_level_is_exact_up_to_its_degree(num_nodes):
    rule = nested_rule(63)
    weights = rule.levels[LEVELS.index(num_nodes)].double().numpy()
    nodes = rule.nodes[:num_nodes].double().numpy()
    degree = (3 * num_nodes + 1) // 2  # 3n + 1 where n = (num_nodes - 1) / 2 nodes were extended
    for power in range(degree + 1):
        integral = (weights * (2 * nodes - 1) ** power).sum()
        assert integral == pytest.approx(0 if power % 2 else 1 / (power + 1), abs=2e-7)


def test_the_nodes_are_those_that_patterson_published():
    # Mathematics of Computation 22 (1968), table of the 15-point rule, in [-1, 1].
    published = [0.0, 0.22338668642896688, 0.43424374934680256, 0.62110294673722640,
                 0.77459666924148338, 0.88845923287225700, 0.96049126870802028,
                 0.99383196321275503]  # fmt: skip
    nodes = np.sort(2 * nested_rule(63).nodes[:15].double().numpy() - 1)
    np.testing.assert_allclose(nodes[7:], published, atol=2e-7)


def test_all_weights_are_positive_and_sum_to_one():
    for weights in nested_rule(63).levels:
        assert (weights > 0).all()
        assert float(weights.double().sum()) == pytest.approx(1, abs=1e-6)


def test_levels_end_where_the_steps_do():
    assert [len(weights) for weights in nested_rule(62).levels] == [7, 15, 31]
    assert len(nested_rule(7).nodes) == 7
