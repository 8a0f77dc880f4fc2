"""Fronts, ranks and the knee, on any points."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dixtill.architecture_search.ranking import best_share, dominates, front_of, knee, ranks

VALUES = st.integers(-3, 3).map(float)
POINTS = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.tuples(*[VALUES] * width), min_size=1, max_size=12)
)


@given(POINTS)
def test_nothing_dominates_the_front_and_the_front_dominates_or_equals_the_rest(points):
    front = front_of(points)
    kept = [points[i] for i in front]
    assert len(set(kept)) == len(kept)
    for point in points:
        assert point in kept or any(dominates(other, point) for other in kept)
        assert point not in kept or not any(dominates(other, point) for other in points)


@given(POINTS)
def test_ranks_peel_off_one_front_after_the_other(points):
    found = ranks(points)
    left = list(range(len(points)))
    for rank in range(max(found) + 1):
        front = [i for i in left if not any(dominates(points[j], points[i]) for j in left)]
        assert front == [i for i in left if found[i] == rank]
        left = [i for i in left if i not in front]
    assert not left


@given(POINTS, st.integers(1, 4), st.data())
def test_the_best_share_is_as_large_as_asked_and_leaves_nothing_better(points, share, data):
    ties = data.draw(st.lists(VALUES, min_size=len(points), max_size=len(points)))
    kept = best_share(points, ties, share)
    assert len(kept) == -(-len(points) // share)
    rank = ranks(points)
    keys = [(rank[i], ties[i], i) for i in range(len(points))]
    assert max(keys[i] for i in kept) <= min(
        (keys[i] for i in range(len(points)) if i not in kept), default=(99, 99, 99)
    )


@given(POINTS)
def test_the_knee_does_not_depend_on_units(points):
    scaled = [tuple(value * 2.0 + 1.0 for value in point) for point in points]
    assert knee(scaled) == knee(points)


def test_the_knee_is_on_the_front_and_near_to_the_best_of_all():
    points = [(0.0, 9.0), (1.0, 1.0), (9.0, 0.0), (9.0, 9.0)]
    assert knee(points) == 1
    assert knee([(1.0, 1.0)]) == 0


def test_a_point_does_not_dominate_itself():
    assert not dominates((1, 2), (1, 2))
    assert dominates((1, 1), (1, 2))
    assert not dominates((1, 3), (2, 2))


def test_no_points_have_no_ranks():
    assert ranks([]) == []
    assert best_share([], [], 3) == []
