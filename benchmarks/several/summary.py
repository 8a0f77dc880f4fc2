"""Summarizes the measurements of a folder: means over seeds with intervals, as a table."""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from scipy.stats import t as student_t

ORDER = ("teacher", "student", "TF-IDF", "fastText")


def summarized(folder: Path) -> dict[str, Any]:
    """Return for each method the means of its measures over seeds, with 95% intervals of them."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(folder.glob("*-[0-9]*.json")):
        for measure, value in json.loads(path.read_text("utf-8")).items():
            found[path.stem.rpartition("-")[0]][measure].append(value)
    return {
        "rows": [
            {"name": name, **{measure: _interval(some) for measure, some in found[name].items()}}
            for name in ORDER
            if name in found
        ]
    }


def _interval(values: list[float]) -> dict[str, float]:
    """Return the mean, and half the width of Student's 95% interval; 0 for one seed."""
    half = 0.0
    if len(values) > 1:
        quantile = float(student_t.ppf(0.975, len(values) - 1))
        half = quantile * statistics.stdev(values) / math.sqrt(len(values))
    return {"mean": statistics.fmean(values), "half": half, "seeds": len(values)}


def table(figures: dict[str, Any]) -> str:
    """Return the summary as Markdown."""
    rows = figures["rows"]
    measures = [
        name for name in dict.fromkeys(key for row in rows for key in row) if name != "name"
    ]
    lines = [["", "seeds", *measures]]
    for row in rows:
        known = [row[measure] for measure in measures if measure in row]
        cells = [_cell(measure, row.get(measure)) for measure in measures]
        lines.append([row["name"], str(known[0]["seeds"]), *cells])
    head, *body = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([head, "|---" * len(lines[0]) + "|", *body])


def _cell(measure: str, found: dict[str, float] | None) -> str:
    if found is None:
        return ""
    if measure == "bytes":
        return f"{found['mean'] / 1e6:.2f} MB"
    scale, digits = (1.0, 3) if measure in ("MAE", "Pearson") else (100.0, 1)
    half = f" ± {scale * found['half']:.{digits}f}" if found["half"] else ""
    return f"{scale * found['mean']:.{digits}f}{half}"
