"""Tests of the benchmarks themselves: turns, percentiles, and the report of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import names, rounds
from benchmarks.reporting.promises import promises_table
from benchmarks.reporting.results import duration, grouped, times
from benchmarks.reporting.speed_tables import group_tables, paper_table
from dixtill.runtime.model_file.shape import CELLS

BEST = names.dixtill("avx2")


def test_candidates_take_turns() -> None:
    turns: list[str] = []

    def turn(name: str) -> Callable[[], None]:
        return lambda: None if turns[-1:] == [name] else turns.append(name)

    timings = rounds.interleave([turn("a"), turn("b"), turn("c")], seconds=0, min_rounds=3)
    assert turns == list("abc" * 3)
    assert all(len(timing.durations) <= 3 * rounds.MAX_CALLS for timing in timings)


def test_a_slow_candidate_gets_its_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "WARM_UP_NS", 0)
    monkeypatch.setattr(rounds, "SLICE_NS", 0)
    calls: list[int] = []
    (timing,) = rounds.interleave([lambda: calls.append(1)], seconds=0, min_rounds=5)
    assert len(timing.durations) == len(calls) == 5


def test_waiting_is_not_time_on_a_core() -> None:
    (timing,) = rounds.interleave([lambda: time.sleep(0.01)], seconds=0, min_rounds=1)
    assert timing.cpu_share < 0.5


def test_percentiles_are_measured_values() -> None:
    values = list(range(100, 0, -1))
    assert [rounds.percentile(values, share) for share in (0.9, 0.99, 1)] == [90, 99, 100]
    assert rounds.percentile([7], 0.5) == 7


def test_numbers_have_three_digits() -> None:
    assert [duration(s) for s in (2.5, 0.0123456, 1.2e-5, 4e-9)] == [
        "2.5 s", "12.3 ms", "12 µs", "4 ns",
    ]  # fmt: skip
    assert [times(ratio) for ratio in (0.12345, 12.345, 12345.6)] == ["0.123x", "12.3x", "12,346x"]


def test_the_report_says_what_holds() -> None:
    group = names.text_to_answer(12)
    run = [
        _benchmark(group, names.TEACHER, 0.1, size_mb=438),
        _benchmark(group, names.PTQ, 0.001, cpu_share=0.5, size_mb=181),
        _benchmark(group, BEST, 2e-5, size_mb=0.69),
    ]
    rows = promises_table(grouped(run), ["avx2"]).splitlines()
    assert f"| {group} | {names.TEACHER} | 4,000x | 5,000x | pass |" in rows
    assert f"| {group} | {names.PTQ} | 1,500x | 50x | FAIL, busy machine |" in rows
    assert f"| {group} | {names.AHP6} | 3,500x | not measured |  |" in rows
    assert f"| {BEST} | 20 µs | 20 µs |  | 20 µs | 5,000x | 0.69 | 100% |" in group_tables(run)
    assert "| dixtill | 0.69 MB | 635x | 20 µs | 5,000x | 3.45 | 127x | 8.7x |" in paper_table(
        grouped(run), ["avx2"], num_words=12
    )


def test_the_report_compares_cells_on_the_best_target() -> None:
    words, forward = names.text_to_answer_by_cell(12), names.forward_by_cell(1, 12)
    lstm, gru, linear = (names.of_cell(cell, names.words_read("avx2")) for cell in CELLS)
    gru_alone = names.of_cell("gru", BEST)
    gru_in_ort = names.of_cell("gru", names.student_ort_int8("gru"))
    run = [
        _benchmark(words, lstm, 20e-6),
        _benchmark(words, gru, 16e-6),
        _benchmark(words, linear, 16e-6),
        _benchmark(words, names.FASTTEXT, 8e-6),
        _benchmark(forward, gru_in_ort, 90e-6),
        _benchmark(forward, gru_alone, 9e-6),
    ]
    rows = promises_table(grouped(run), ["avx2", "scalar"]).splitlines()
    assert f"| {words}: {gru} | {lstm} | 1x | 1.25x | pass |" in rows
    assert f"| {words}: {linear} | {names.FASTTEXT} | 0.667x | 0.5x | FAIL |" in rows
    assert f"| {forward}: {gru_alone} | {gru_in_ort} | 8x | 10x | pass |" in rows


def _benchmark(
    group: str, name: str, seconds: float, cpu_share: float = 1.0, **facts: float
) -> dict[str, Any]:
    """Return a result as in pytest-benchmark's JSON, with fifty calls."""
    times = {"p90": seconds, "p99": seconds, "cpu_share": cpu_share}
    return {
        "group": group,
        "extra_info": {"candidate": name, **times, "facts": facts},
        "stats": {"median": seconds, "min": seconds, "rounds": 50},
    }
