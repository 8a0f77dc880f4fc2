"""Reads the parts of pytest-benchmark's JSON that the report needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


@dataclass(frozen=True)
class Result:
    """The times of one candidate of a group, in seconds."""

    group: str
    name: str
    median: float
    minimum: float
    p90: float
    p99: float
    rounds: int  # timed calls
    cpu_share: float  # CPU time over wall time; more than 1 with several threads
    facts: Mapping[str, float]

    @classmethod
    def of(cls, benchmark: Mapping[str, Any]) -> Result:
        extra, stats = benchmark["extra_info"], benchmark["stats"]
        return cls(
            benchmark["group"],
            extra["candidate"],
            stats["median"],
            stats["min"],
            extra["p90"],
            extra["p99"],
            stats["rounds"],
            extra["cpu_share"],
            extra["facts"],
        )

    @property
    def was_disturbed(self) -> bool:
        """Whether other processes had its core for a good part of the time."""
        return self.cpu_share < 0.8


Groups = Mapping[str, Sequence[Result]]


def grouped(benchmarks: Iterable[Mapping[str, Any]]) -> Groups:
    """Return all results, in the order of measurement."""
    groups: dict[str, list[Result]] = {}
    for benchmark in benchmarks:
        result = Result.of(benchmark)
        groups.setdefault(result.group, []).append(result)
    return groups


def find(groups: Groups, group: str, name: str) -> Result | None:
    return next((result for result in groups.get(group, ()) if result.name == name), None)


def duration(seconds: float) -> str:
    size, unit = next((u for u in _UNITS if seconds >= u[0]), _UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def times(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.3g}x"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))
