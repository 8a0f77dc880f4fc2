"""Tests which nodes integrated gradients evaluate, when they stop, and what they sum up."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from tiny_teachers import TEXTS

from dixtill.distillation.attribution import integration
from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.attribution.integration import by_word, full_batches
from dixtill.distillation.config import AttributionSettings

TEXTS_AND_ONE_LONG = [*TEXTS, "profit " * 20]


@pytest.fixture
def evaluated(monkeypatch) -> Counter:
    """How often each node of each text was evaluated."""
    counts: Counter = Counter()
    original = integration._pass

    def counting(answers, paths, points):
        counts.update(points)
        return original(answers, paths, points)

    monkeypatch.setattr(integration, "_pass", counting)
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("classes", ["predicted", "all"])
def test_the_adaptive_rule_is_near_100_steps(any_teacher, classes):
    adaptive = Attributor(any_teacher, AttributionSettings(classes=classes))(TEXTS)
    fine = Attributor(any_teacher, AttributionSettings(classes=classes, steps=100))(TEXTS)
    for row, other in zip(adaptive, fine, strict=True):
        both = (
            (row.by_class, other.by_class)
            if classes == "all"
            else ([row.attributions], [other.attributions])
        )
        for one, two in zip(*both, strict=True):
            assert np.dot(one, two) >= 0.99 * np.linalg.norm(one) * np.linalg.norm(two)


def test_every_gradient_is_computed_once_and_only_unfinished_texts_go_on(bert, evaluated):
    settings = AttributionSettings(tolerance=0.0003)
    rows = Attributor(bert, settings)(TEXTS_AND_ONE_LONG)
    assert set(evaluated.values()) == {1}
    of_texts = Counter(point.text for point in evaluated)
    assert [of_texts[text] for text in range(len(rows))] == [row.steps for row in rows]
    assert len({row.steps for row in rows}) > 1
    assert all(row.steps % 4 == 1 for row in rows)  # 9, and 4 for each panel that was halved


def test_a_smaller_tolerance_takes_more_steps_up_to_the_most_allowed(bert):
    def steps(**changes) -> list[int]:
        settings = AttributionSettings(**changes)
        return [row.steps for row in Attributor(bert, settings)(TEXTS)]

    assert steps(tolerance=1e-9) == [61] * len(TEXTS)  # 4 more would be 65
    assert steps(tolerance=1e-9, max_steps=40) == [37] * len(TEXTS)
    assert steps(tolerance=1e9) == [9] * len(TEXTS)
    assert sum(steps(tolerance=0.01)) > sum(steps(tolerance=0.2))
    assert steps(steps=5) == [5] * len(TEXTS)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads_changes_nothing(bert, threads):
    expected = Attributor(bert, AttributionSettings())(TEXTS)
    torch.set_num_threads(threads)
    try:
        rows = Attributor(bert, AttributionSettings(), rows_per_pass=200)(TEXTS)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(1)
    for row, other in zip(rows, expected, strict=True):
        np.testing.assert_allclose(row.attributions, other.attributions, atol=1e-5)


def test_batches_are_full_and_padded_within_their_limit():
    lengths = [3, 3, 4, 9, 9, 30]
    batches = list(full_batches(lengths, lambda length: length, 18))
    assert batches == [[3, 3, 4], [9, 9], [30]]
    assert list(full_batches([], len, 18)) == []


def test_a_gpus_sum_is_the_kernels(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    gradient, delta = (torch.randn(2, 3, 5, generator=generator) for _ in range(2))
    words = torch.tensor([[0, 1, 1], [2, 0, -1]], dtype=torch.int32)
    delta[1, 2] = 0
    expected = by_word(gradient, delta, words, 3)
    by_token = (gradient * delta).sum(dim=2)
    sums = [
        [by_token[0, 0], by_token[0, 1] + by_token[0, 2], 0],
        [by_token[1, 1], 0, by_token[1, 0]],
    ]
    np.testing.assert_allclose(expected, torch.tensor(sums), atol=1e-6)
    np.testing.assert_allclose(
        integration.by_word_in_torch(gradient, delta, words, 3), expected, atol=1e-6
    )


def test_bfloat16_is_near_float32(bert):
    for row, other in zip(
        Attributor(bert, AttributionSettings(precision="bfloat16"))(TEXTS),
        Attributor(bert, AttributionSettings())(TEXTS),
        strict=True,
    ):
        one, two = np.array(row.attributions), np.array(other.attributions)
        assert row.logits == pytest.approx(other.logits, abs=1e-5)
        assert one @ two >= 0.98 * np.linalg.norm(one) * np.linalg.norm(two)
        assert not np.allclose(one, two, atol=1e-6)
