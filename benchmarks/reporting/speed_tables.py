"""Makes a table for each group, and the paper's table with this run's figures beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks import names
from benchmarks.reporting.results import (
    Groups,
    Result,
    duration,
    find,
    grouped,
    markdown_table,
    times,
)

_FEWEST_CALLS = {"p90": 10, "p99": 100}  # with fewer calls, a percentile is just the slowest one
_FACTS = {
    "size_mb": "MB",
    "texts": "texts/s",
    "gigabytes": "GB/s",
    "installed_mb": "installed MB",
    "peak_memory_mb": "peak MB of memory",
}

# Cantini, Orsino and Talia 2024, as the paper prints them: size in MB, compression, time.
PAPER = {
    names.TEACHER: ("439", "1x", "0.61 s"),
    names.AHP6: ("365", "1.20x", "2.18x"),
    names.PTQ: ("182.5", "2.40x", "1.52x"),
    "dixtill": ("3.45", "127x", "8.7x"),
}


def group_tables(benchmarks: Iterable[Mapping[str, Any]]) -> str:
    """Return tables of all groups in the order of measurement; the first row is the baseline."""
    groups = grouped(benchmarks)
    return "\n\n".join(_group_table(name, results) for name, results in groups.items())


def _group_table(group: str, results: Sequence[Result]) -> str:
    first = results[0]
    facts = [fact for fact in _FACTS if any(fact in result.facts for result in results)]
    columns = ["median", "p90", "p99", "minimum", f"speed-up over {first.name}"]
    header = [group, *columns, *(_FACTS[fact] for fact in facts)]
    rows = [
        [
            *_durations(result),
            times(first.median / result.median),
            *(_fact(result, fact) for fact in facts),
        ]
        for result in results
    ]
    for title, cells in (_bandwidth(results), _disturbance(results)):
        if cells:
            header.append(title)
            rows = [[*row, cell] for row, cell in zip(rows, cells, strict=True)]
    return markdown_table(header, rows)


def _bandwidth(results: Sequence[Result]) -> tuple[str, list[str]]:
    """Return the bandwidth as a share of that of a plain sum, if there is one."""
    rates = {result.name: result.facts.get("gigabytes", 0) / result.median for result in results}
    most = rates.get(names.SUM)
    return "of torch.sum's GB/s", [f"{rate / most:.0%}" for rate in rates.values()] if most else []


def _disturbance(results: Sequence[Result]) -> tuple[str, list[str]]:
    """Return the share of a core that each had, if one had less than it could use."""
    disturbed = any(result.was_disturbed for result in results)
    shares = [f"{result.cpu_share:.0%}" for result in results]
    return "share of a core", shares if disturbed else []


def _durations(result: Result) -> list[str]:
    p90, p99 = (
        duration(getattr(result, name)) if result.rounds >= fewest else ""
        for name, fewest in _FEWEST_CALLS.items()
    )
    return [result.name, duration(result.median), p90, p99, duration(result.minimum)]


def _fact(result: Result, fact: str) -> str:
    if fact not in result.facts:
        return ""
    value = result.facts[fact]
    if fact in ("texts", "gigabytes"):
        value /= result.median
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def paper_table(groups: Groups, targets: Sequence[str], num_words: int) -> str:
    """Return size, compression, time and speed-up over the teacher, here and in the paper."""
    figures = paper_figures(groups, targets, num_words)
    if not figures:
        return "The paper's table needs the group 'text to answer'."
    return beside_the_paper(figures, num_words)


def paper_figures(groups: Groups, targets: Sequence[str], num_words: int) -> list[dict[str, Any]]:
    """Return name, MB, compression, seconds and speed-up of the paper's measured models."""
    group = names.text_to_answer(num_words)
    teacher = find(groups, group, names.TEACHER)
    if not teacher or not targets:
        return []
    figures: list[dict[str, Any]] = []
    for name in PAPER:
        here = find(groups, group, names.dixtill(targets[0]) if name == "dixtill" else name)
        figures.append({"name": name, **(_beside_teacher(here, teacher) if here else {})})
    return figures


def _beside_teacher(here: Result, teacher: Result) -> dict[str, float]:
    size = here.facts["size_mb"]
    return {
        "size": size,
        "compression": teacher.facts["size_mb"] / size,
        "median": here.median,
        "speed_up": teacher.median / here.median,
    }


def beside_the_paper(figures: Sequence[Mapping[str, Any]], num_words: int) -> str:
    """Return the table of `paper_figures`, with the paper's own."""
    rows = [
        [item["name"], *(_paper_cells(item) if "size" in item else [""] * 4), *PAPER[item["name"]]]
        for item in figures
    ]
    columns = ["size", "compression", "time", "speed-up"]
    header = [f"{num_words} words", *columns, "paper: MB", "compression", "time, speed-up"]
    return markdown_table(header, rows)


def _paper_cells(item: Mapping[str, float]) -> list[str]:
    return [
        f"{item['size']:.3g} MB",
        times(item["compression"]),
        duration(item["median"]),
        times(item["speed_up"]),
    ]
