"""Outcomes are counted right, and the shipped student's are those in docs/results.md."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from benchmarks.reporting.behavior import behavior
from tests.behavior import __main__ as command
from tests.behavior import classifiers
from tests.behavior.case import Direction, Invariance, MinimumFunctionality, Probabilities
from tests.behavior.outcomes import Counts, counts, outcomes
from tests.behavior.suite import Suite, suite

import dixtill
from dixtill.errors import InputError

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "behavior.json"
SUITE: Suite = {
    "words": [
        MinimumFunctionality("up", "bullish"),
        MinimumFunctionality("down", "bearish"),
        MinimumFunctionality("flat", "bullish"),
    ],
    "changes": [Invariance("up", "up up"), Invariance("up", "down")],
    "pairs": [
        Direction("up", "flat", 0.1),
        Direction("flat", "up", -0.1),
        Direction("flat", "quiet", 0.1),
        Direction("quiet", "flat", -0.1),
    ],
}


def counts_words(texts: Sequence[str]) -> list[Probabilities]:
    """The more ups, the more bullish; a text without a known word is neutral."""
    assert len(set(texts)) == len(texts)
    return [
        (0.1, 0.8, 0.1) if "up" in text else (0.8, 0.1, 0.1) if "down" in text else (0.2, 0.2, 0.6)
        for text in texts
    ]


def always_bullish(texts: Sequence[str]) -> list[Probabilities]:
    return [(0.0, 1.0, 0.0) for _ in texts]


def test_a_classifier_passes_what_it_knows() -> None:
    assert outcomes(SUITE, counts_words) == {
        "words": [True, True, False],
        "changes": [True, False],
        "pairs": [True, False, False, True],
    }


def test_a_constant_classifier_passes_what_asks_for_no_difference() -> None:
    assert outcomes(SUITE, always_bullish) == {
        "words": [True, False, True],
        "changes": [True, True],
        "pairs": [False, True, False, True],
    }


def test_what_both_pass_is_counted_test_by_test() -> None:
    taught, learned = outcomes(SUITE, counts_words), outcomes(SUITE, always_bullish)
    rows = counts(SUITE, student=learned, teacher=taught)
    shown = [
        (row["capability"], row["kind"], row["tests"], row["teacher"], row["student"], row["both"])
        for row in rows
    ]
    assert shown == [
        ("words", "MFT", 3, 2, 2, 1), ("changes", "INV", 2, 1, 2, 1), ("pairs", "DIR", 4, 2, 2, 1),
    ]  # fmt: skip
    table = behavior({"capabilities": rows})
    assert "| words | MFT | 3 | 67 | 67 | 50 |" in table
    assert "| **all** | DIR | 4 | 50 | 50 | 50 |" in table
    assert "| **all** |  | 9 | 56 | 67 | 60 |" in table


def test_always_neutral_passes_as_much_as_the_results_say() -> None:
    found = counts(suite(), outcomes(suite(), lambda texts: [(0.0, 0.0, 1.0)] * len(texts)), None)
    table = behavior({"capabilities": found})
    assert re.findall(r"all\*\* \| (\w{3}) \| \S+ \| – \| (\d+)", table) == [
        ("MFT", "28"), ("DIR", "25"), ("INV", "100"),
    ]  # fmt: skip


def test_a_table_without_a_teacher_has_the_student_alone() -> None:
    rows = counts(SUITE, student=outcomes(SUITE, counts_words), teacher=None)
    assert "| pairs | DIR | 4 | – | 50 | – |" in behavior({"capabilities": rows})


def test_a_model_of_other_labels_is_refused() -> None:
    classifiers.check_labels("model", ("neutral", "bullish", "bearish"))
    with pytest.raises(InputError, match="model: the labels are negative, positive, but"):
        classifiers.check_labels("model", ("negative", "positive"))


def test_the_student_that_ships_passes_what_the_results_say() -> None:
    """If another student ships, measure again: docs/results.md has the command."""
    found = outcomes(suite(), classifiers.student(dixtill.SHIPPED_MODEL))
    expected = {row["capability"]: row["student"] for row in results()}
    assert {name: sum(passed) for name, passed in found.items()} == expected


@pytest.mark.slow
def test_the_teacher_passes_what_the_results_say(teacher_tfns: Path) -> None:
    """Rounding on another CPU may decide a text or two otherwise."""
    found = outcomes(suite(), classifiers.teacher(teacher_tfns))
    expected = {row["capability"]: row["teacher"] for row in results()}
    assert found.keys() == expected.keys()
    for name, passed in found.items():
        assert sum(passed) == pytest.approx(expected[name], abs=2), name


def results() -> list[Counts]:
    rows: list[Counts] = json.loads(RESULTS.read_text("utf-8"))["capabilities"]
    return rows


def test_the_command_prints_what_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "behavior.json"
    monkeypatch.setattr("sys.argv", ["behavior", "--seed", "1", "--json", str(path)])
    assert command.main() == 0
    figures = json.loads(path.read_text("utf-8"))
    assert capsys.readouterr().out == behavior(figures) + "\n"
    assert figures["source"]["command"] == f"python -m tests.behavior --seed 1 --json {path}"
    assert [row["capability"] for row in figures["capabilities"]] == list(suite())


def test_a_missing_model_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["behavior", "--model", str(tmp_path / "no.safetensors")])
    assert command.main() == 2
    assert "no.safetensors" in capsys.readouterr().err
