"""Writes the figures of the speed benchmarks as JSON, and makes the tables of docs/results.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks import names
from benchmarks.reporting.results import Groups, Result, duration, markdown_table, times
from benchmarks.reporting.speed_tables import paper_figures

Figures = dict[str, Any]

_LENGTHS = (12, 32)  # words per text
PAPER_WORDS = 12  # columns of the paper's table
_RATES = ("texts", "gigabytes")  # facts that count what one call does


def speed_figures(groups: Groups, targets: Sequence[str]) -> Figures:
    """Return medians in seconds, speed-ups over each group's first candidate, sizes in MB."""
    return {
        "groups": {name: _group(results) for name, results in groups.items()},
        "beside_the_paper": paper_figures(groups, targets, PAPER_WORDS),
    }


def _group(results: Sequence[Result]) -> list[Figures]:
    first = results[0]
    return [
        {
            "name": result.name,
            "median": result.median,
            "speed_up": first.median / result.median,
            **{
                f"{fact}_per_second" if fact in _RATES else fact: (
                    value / result.median if fact in _RATES else value
                )
                for fact, value in result.facts.items()
            },
        }
        for result in results
    ]


def text_to_answer(figures: Figures) -> str:
    """Return times from text to answer for both lengths, slowest first."""
    by_length = [
        {item["name"]: item for item in figures["groups"][names.text_to_answer(length)]}
        for length in _LENGTHS
    ]
    rows = [
        [
            name,
            *(_time(items.get(name)) for items in by_length),
            f"{item['size_mb']:.3g} MB" if "size_mb" in item else "–",
        ]
        for name, item in by_length[0].items()
    ]
    return markdown_table(["", *(f"{length} words" for length in _LENGTHS), "size"], rows)


def _time(item: Mapping[str, float] | None) -> str:
    if item is None:
        return "–"
    shown = duration(item["median"])
    return f"{shown} ({times(item['speed_up'])})" if item.get("speed_up", 1) != 1 else shown


def other_groups(figures: Figures, left_out: Iterable[str] = ()) -> str:
    """Return time, speed-up, texts per second and memory of every other group."""
    left_out = {*left_out, *(names.text_to_answer(length) for length in _LENGTHS)}
    rows = [
        [group if number == 0 else "", *_other(item)]
        for group, items in figures["groups"].items()
        if group not in left_out
        for number, item in enumerate(items)
    ]
    return markdown_table(["group", "", "median", "texts a second", "peak memory"], rows)


def _other(item: Mapping[str, Any]) -> list[str]:
    rate, memory = item.get("texts_per_second"), item.get("peak_memory_mb")
    return [
        item["name"],
        _time(item) if "median" in item else "",
        f"{rate:,.0f}" if rate else "",
        f"{memory:.3g} MB" if memory else "",
    ]
