"""The labels of a column are either all names or all indices."""

from __future__ import annotations

import math

import pytest

from dixtill.errors import InputError
from dixtill.tables.labels import LabelColumn, LabelError, indices_of, label_text

hypothesis = pytest.importorskip("hypothesis", reason="draws labels with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

STARS = ("1", "2", "3", "4", "5")


def read(names, *columns):
    return indices_of([LabelColumn("f", "line", range(2, 99), labels) for labels in columns], names)


def test_names_win_where_all_labels_fit_both():
    assert read(STARS, "1234") == [[0, 1, 2, 3]]
    assert read(STARS, "01234") == [[0, 1, 2, 3, 4]]
    assert read(("1", "0"), "10") == [[0, 1]]


def test_a_column_that_fits_both_is_read_like_the_others():
    assert read(STARS, "01234", "1234") == [[0, 1, 2, 3, 4], [1, 2, 3, 4]]
    assert read(STARS, "12345", "1234") == [[0, 1, 2, 3, 4], [0, 1, 2, 3]]
    assert read(STARS, "1234", "0") == [[1, 2, 3, 4], [0]]


def test_indices_beside_names_that_are_numbers_are_refused():
    with pytest.raises(InputError, match=r"f has class indices, but f has class names \(1, 2"):
        read(("1", "2"), "12", "01")
    with pytest.raises(InputError, match="use names in both or indices in both"):
        read(STARS, "01234", "12345")
    with pytest.raises(InputError, match="use names in both or indices in both"):
        read(STARS, "0", "5", "12")
    assert read(("0", "1", "2"), "012", "01") == [[0, 1, 2], [0, 1]]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ("0125", "f, line 2: label '0' is an index, but '5' in line 5 is a name; use either"),
        ("0129", "f, line 5: label '9' is not one of 1, 2, 3, 4, 5, nor an index from 0 to 4"),
        (["up"], "f, line 2: label 'up' is not one of 1, 2, 3, 4, 5"),
        (["01"], "f, line 2: label '01' is not one of"),
    ],
)
def test_an_error_about_a_label_names_its_line(labels, sentence):
    with pytest.raises(InputError) as caught:
        read(STARS, "12", labels)
    assert str(caught.value).startswith(sentence)


@hypothesis.given(st.lists(st.sampled_from(range(5))), st.permutations(STARS), st.booleans())
def test_labels_are_read_as_they_were_meant(classes, names, by_index):
    labels = [str(one) if by_index else names[one] for one in classes]
    if by_index and "0" not in labels:  # otherwise they could all be names, too
        labels, classes = ["0", *labels], [0, *classes]
    assert read(names, labels) == [classes]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" up ", "up"), ("", ""), (None, ""), (math.nan, ""), (2, "2"), (2.0, "2"), ("2.0", "2.0"),
        (True, "true"), (False, "false"), (10**30, "1" + "0" * 30), (-1, "-1"),
    ],
)  # fmt: skip
def test_labels_are_the_same_in_every_format(value, text):
    assert label_text(value) == text


@pytest.mark.parametrize("value", [[0, 2], {"a": 1}, 0.5, math.inf, b"up", ["up"]])
def test_a_value_that_cannot_be_a_label_is_refused(value):
    with pytest.raises(LabelError, match="expected a name or an index"):
        label_text(value)
