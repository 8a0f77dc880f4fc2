"""Makes the table of docs/results/behavior.json: what teacher and student pass, by capability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.reporting.results import markdown_table

_HEADER = ("capability", "kind", "tests", "teacher", "student", "student, of teacher's passes")
_NONE = "–"


def behavior(figures: Mapping[str, Any]) -> str:
    """Return pass rates in percent; the last column is over the tests that the teacher passes."""
    rows: Sequence[Mapping[str, Any]] = figures["capabilities"]
    kinds = dict.fromkeys(row["kind"] for row in rows)
    sums = [_sum(kind, [row for row in rows if row["kind"] == kind]) for kind in kinds]
    return markdown_table(_HEADER, map(_cells, [*rows, *sums, _sum("", rows)]))


def _sum(kind: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the counts of all these rows as one row."""
    counted = ("tests", "teacher", "student", "both")
    sums = {
        name: None if rows[0][name] is None else sum(row[name] for row in rows) for name in counted
    }
    return {"capability": "**all**", "kind": kind, **sums}


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["capability"],
        row["kind"],
        f"{row['tests']:,}",
        _per_cent(row["teacher"], row["tests"]),
        _per_cent(row["student"], row["tests"]),
        _per_cent(row["both"], row["teacher"]),
    ]


def _per_cent(passed: int | None, tests: int | None) -> str:
    return f"{100 * passed / tests:.0f}" if passed is not None and tests else _NONE
