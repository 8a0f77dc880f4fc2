"""Turns pytest-benchmark's JSON into Markdown: a table for each group, with ratios.

pytest benchmarks --benchmark-json=build/benchmarks.json
python benchmarks/report.py build/benchmarks.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Benchmark = Mapping[str, Any]

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def markdown(benchmarks: Sequence[Benchmark]) -> str:
    """Tables of all groups, each in the order of its measurements."""
    groups: dict[str, list[Benchmark]] = {}
    for benchmark in benchmarks:
        groups.setdefault(benchmark["group"] or "no group", []).append(benchmark)
    return "\n\n".join(_table(name, members) for name, members in groups.items())


def _table(group: str, benchmarks: Sequence[Benchmark]) -> str:
    """The first benchmark is the baseline that the others are compared with."""
    facts = list(dict.fromkeys(key for item in benchmarks for key in _facts(item)))
    first = benchmarks[0]
    header = [group, "median", "minimum", f"speed-up over {_name(first)}", *facts]
    rows = [_row(item, first["stats"]["median"], facts) for item in benchmarks]
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def _row(benchmark: Benchmark, baseline: float, facts: Sequence[str]) -> list[str]:
    median, minimum = benchmark["stats"]["median"], benchmark["stats"]["min"]
    own = _facts(benchmark)
    values = [f"{own[fact]:,.2f}" if fact in own else "" for fact in facts]
    return [_name(benchmark), _time(median), _time(minimum), f"{baseline / median:,.4g}x", *values]


def _name(benchmark: Benchmark) -> str:
    name: str = benchmark["extra_info"].get("candidate", benchmark["name"])
    return name


def _facts(benchmark: Benchmark) -> dict[str, float]:
    return {k: v for k, v in benchmark["extra_info"].items() if k != "candidate"}


def _time(seconds: float) -> str:
    size, unit = next((u for u in _UNITS if seconds >= u[0]), _UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(markdown(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["benchmarks"]))
