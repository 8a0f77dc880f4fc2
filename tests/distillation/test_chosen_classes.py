"""Which classes of a text are explained where there are too many for all of them."""

from __future__ import annotations

from collections import Counter

import pytest

from dixtill.distillation.attribution.chosen_classes import choose_classes
from dixtill.distillation.course import _digest

LOGITS = (0.5, 3.0, -1.0, 2.0, 0.0, -2.0, 1.0, 0.25)
TEXTS = [f"text {number}" for number in range(3000)]


def certain(given: tuple[int, ...], count: int) -> set[int]:
    """The classes that every text with these logits has explained."""
    chosen = [choose_classes(text, LOGITS, given, count) for text in TEXTS[:200]]
    return set.intersection(*(set(one.classes) for one in chosen))


@pytest.mark.parametrize(
    ("given", "count", "expected"),
    [
        ((), 2, {1}),
        ((), 3, {1, 3}),
        ((), 4, {1, 3, 6}),
        ((5,), 3, {1, 5}),  # given, though the teacher says no
        ((1,), 3, {1, 3}),
        ((5,), 2, {1}),  # the predicted class is always explained
        ((2, 5, 4), 3, {1, 4}),  # the one that the teacher prefers
        ((2, 5, 4), 5, {1, 4, 2, 5}),
    ],
)
def test_the_predicted_the_given_and_the_next_ones_are_certain(given, count, expected):
    assert certain(given, count) == expected


def test_one_of_the_others_is_drawn_each_as_often_as_its_chance_says():
    counts: Counter[int] = Counter()
    for text in TEXTS:
        chosen = choose_classes(text, LOGITS, (), 3)
        assert chosen.classes == tuple(sorted(set(chosen.classes)))
        ((drawn, chance),) = [pair for pair in zip(*chosen, strict=True) if pair[0] not in (1, 3)]
        assert [one for one in chosen.chances if one != chance] == [1, 1]
        assert chance == pytest.approx(1 / 6)
        counts[drawn] += 1
    assert set(counts) == {0, 2, 4, 5, 6, 7}
    # Chi-squared with five degrees of freedom is below 20.5 in 99.9% of the cases.
    assert sum((count - 500) ** 2 / 500 for count in counts.values()) < 20.5


def test_the_draw_does_not_follow_the_one_of_the_texts_to_explain():
    """A course explains the texts with the smallest digests; their classes are still random."""
    first = sorted(TEXTS, key=_digest)[:300]
    chosen = [choose_classes(text, LOGITS, (), 2).classes for text in first]
    counts = Counter(label for classes in chosen for label in classes if label != 1)
    assert len(counts) == 7
    assert sum((count - 300 / 7) ** 2 / (300 / 7) for count in counts.values()) < 22.5


def test_the_same_text_has_the_same_classes():
    assert choose_classes("up \ud800", LOGITS, (), 3) == choose_classes("up \ud800", LOGITS, (), 3)


@pytest.mark.parametrize("count", [8, 9, 100])
def test_all_are_chosen_if_there_are_no_more(count):
    assert choose_classes("up", LOGITS, (5,), count) == (tuple(range(8)), (1.0,) * 8)


def test_with_one_class_more_than_are_chosen_two_remain_to_be_drawn_from():
    chosen = choose_classes("up", LOGITS[:4], (), 3)
    assert sorted(chosen.chances) == [0.5, 1, 1]
