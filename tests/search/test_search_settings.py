"""The limits, the budget and the objectives that a search takes, and those that it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dixtill.architecture_search.points import Front
from dixtill.architecture_search.quantities import (
    DURATIONS,
    SIZES,
    TIMES,
    quantity,
    rounded,
    shown_bytes,
    shown_seconds,
)
from dixtill.architecture_search.settings import quality_of, split_settings
from dixtill.errors import InputError


@pytest.mark.parametrize(
    ("text", "units", "value"),
    [
        ("200kB", SIZES, 200_000),
        ("200 KB", SIZES, 200_000),
        ("1.5MB", SIZES, 1_500_000),
        ("64KiB", SIZES, 65_536),
        ("820", SIZES, 820),
        (820, SIZES, 820),
        ("5us", TIMES, 5),
        ("5 µs", TIMES, 5),
        ("0.5ms", TIMES, 500),
        ("2h", DURATIONS, 7200),
        ("90 min", DURATIONS, 5400),
        ("30", DURATIONS, 30),
    ],
)
def test_a_number_has_a_unit(text, units, value):
    assert quantity("it", text, units) == value


@pytest.mark.parametrize(
    "value", ["", "kB", "-5kB", "0", "5 parsecs", "1e3", "inf", float("nan"), float("inf"), True,
              None, [5], "5 k B"],
)  # fmt: skip
def test_what_is_no_positive_number_with_a_known_unit_is_refused(value):
    with pytest.raises(InputError, match=r"max_size is .*, expected a number above 0 with one of"):
        quantity("max_size", value, SIZES)


@given(st.floats(1e-6, 1e12))
def test_two_digits_are_within_a_twentieth(value):
    assert rounded(value) == pytest.approx(value, rel=0.05)
    assert float(f"{rounded(value):.2g}") == rounded(value)


def test_what_people_read():
    assert [shown_bytes(n) for n in (12, 1234, 99_949, 123_456, 1_234_567)] == [
        "12 B", "1.2 kB", "99.9 kB", "123 kB", "1.2 MB",
    ]  # fmt: skip
    assert shown_seconds(59.6) == "1 min 0 s"


def test_settings_of_the_search_and_of_its_students_come_together():
    search, shared = split_settings(
        {"max_size": "200kB", "max_time": "5us", "budget": "2h", "epochs": 3, "seed": 4}
    )
    assert (search.max_size, search.max_time, search.budget) == (200_000, 5.0, 7200.0)
    assert search.trials is None
    assert shared == {"epochs": 3, "seed": 4}
    assert split_settings({})[0].trials == 36


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"objectives": "fidelity,speed"}, "unknown objective 'speed', expected one of fidelity,"),
        ({"objectives": "size,size"}, "an objective occurs twice in size, size"),
        ({"objectives": ()}, r"objectives is \(\), expected names from fidelity,"),
        ({"objectives": 5}, "objectives is 5, expected names"),
        ({"max_bytes": 5}, "max_bytes cannot be given to a search, which chooses it"),
        ({"run_folder": "x"}, "run_folder cannot be given"),
        ({"max_sise": 5}, "unknown setting 'max_sise'; did you mean 'max_size'?"),
        ({"epoch": 5}, "unknown setting 'epoch'; did you mean 'epochs'?"),
        ({"trials": 0}, "trials is 0, which is out of range"),
        ({"workers": 1.5}, "workers is 1.5, expected a whole number"),
    ],
)
def test_a_mistake_is_named(given, sentence):
    with pytest.raises(InputError, match=sentence):
        split_settings(given)


@pytest.mark.parametrize(
    ("objectives", "quality"),
    [
        (("accuracy", "fidelity"), "fidelity"),  # in whatever order they were given
        (("size", "macro_f1", "accuracy"), "accuracy"),
        (("size", "macro_f1"), "macro_f1"),
        (("size",), "accuracy"),  # which is known without a teacher
    ],
)
def test_the_same_quality_breaks_ties_and_is_the_best(objectives, quality):
    assert quality_of(objectives) == Front(objectives, ()).quality == quality
