"""Tests that rows of different lengths come back as they were stored."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dixtill.distillation.data.ragged import Ragged

NUMBERS = np.empty(0, dtype=np.int32)
rows_of_numbers = st.lists(st.lists(st.integers(-9, 9), max_size=5), max_size=6)


@given(rows_of_numbers)
def test_rows_come_back(rows):
    stored = Ragged.of(rows, NUMBERS)
    assert [row.tolist() for row in stored] == rows
    assert stored.lengths.tolist() == [len(row) for row in rows]
    assert stored.values.dtype == np.int32
    assert [stored[at - len(rows)].tolist() for at in range(len(rows))] == rows


@given(st.lists(rows_of_numbers, min_size=1, max_size=3))
def test_parts_are_joined_in_their_order(parts):
    joined = Ragged.joined([Ragged.of(rows, NUMBERS) for rows in parts])
    assert [row.tolist() for row in joined] == [row for rows in parts for row in rows]


@given(rows_of_numbers, st.data())
def test_padded_rows_are_those_of_a_loop(rows, data):
    places = range(len(rows))
    chosen = data.draw(st.lists(st.sampled_from(places), max_size=8)) if rows else []
    longest = max((len(rows[at]) for at in chosen), default=0)
    width = data.draw(st.sampled_from([None, longest, longest + 3]))
    padded = Ragged.of(rows, NUMBERS).padded(np.array(chosen, dtype=np.int64), -5, width)
    assert padded.shape == (len(chosen), longest if width is None else width)
    for at, values in zip(chosen, padded.tolist(), strict=True):
        assert values == rows[at] + [-5] * (len(values) - len(rows[at]))


def test_the_last_dimensions_are_kept_for_rows_without_values():
    stored = Ragged.of([(), np.ones((2, 3)), ()], np.empty((0, 3), dtype=np.float32))
    assert [row.shape for row in stored] == [(0, 3), (2, 3), (0, 3)]
    assert stored.padded(np.array([0, 1]), 0).tolist() == [[[0] * 3] * 2, [[1] * 3] * 2]
    assert stored.padded(np.array([0]), 0, 1).shape == (1, 1, 3)
