"""Aggregates a study's figures over its seeds and texts, as the JSON from which tables are made.

Answers are in percent, and their differences in points. Explanation measures are as
dixtill.distillation.measures.explanations defines them. Times are in seconds, sizes in MB.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from benchmarks.reproduce.explanations import COLUMNS, FAITHFULNESS_COLUMNS, GRADIENTS, RANDOM
from benchmarks.reproduce.measured import Explained, MeasuredStudy, Row
from benchmarks.reproduce.results import Content
from benchmarks.reproduce.statistics import MEASURES, NUM_RESAMPLES, Interval

Figures = dict[str, Any]

COMPARED = ("feature@3", "sign@3", "Spearman", "cosine", *FAITHFULNESS_COLUMNS)
MEDIAN = "leave-one-out, median"


def study_figures(study: MeasuredStudy) -> Figures:
    """Return all figures of the study that the report shows."""
    record = study.record
    rows = [*study.students, *study.alternatives, *study.compressed]
    ours = [row for row in rows if row.title == record.ours]
    timing = study.timing or {"classifiers": {}}
    return {
        "dataset": record.dataset,
        "teacher": record.teacher,
        "texts": {
            "train": record.num_train,
            "held_out": record.num_held_out,
            "test": len(record.labels),
            "explained": len(record.explained),
        },
        "seeds": record.seeds,
        "resamples": NUM_RESAMPLES,
        "ours": record.ours,
        "methods": {name: " ".join(given) for name, given in record.methods.items()},
        "answers": [_answers(row, timing["classifiers"]) for row in rows],
        "ours_minus_each": _differences((a, b) for a in ours for b in rows if b is not a),
        "students_minus_teacher": _differences(
            (student, teacher) for student in study.students for teacher in study.compressed[:1]
        ),
        "students_among_themselves": _differences(
            (b, a) for a, b in combinations(study.students, 2)
        ),
        "timed": _timed(timing),
        "explanations": [row for item in study.explained for row in _explanations(item)],
        "controlled": [row for item in study.explained for row in _controlled(item)],
    }


def _answers(row: Row, seconds: Mapping[str, Mapping[str, float]]) -> Figures:
    """Return mean and standard deviation over the seeds; leave out what was not measured."""
    figures: Figures = {"title": row.title, "seeds": len(row.contents)}
    for measure in MEASURES:
        if (values := row.values(measure)) is not None:
            figures[measure] = _spread(values)
    before = [content["float32"]["accuracy"] for content in row.contents if "float32" in content]
    if before:
        figures["float32 accuracy"] = _spread(before)
    if (num_bytes := _median(row, "num_bytes")) is not None:
        figures["size"] = num_bytes / 1e6
    if (trained := _median(row, "train_seconds")) is not None:
        figures["training"] = trained
    if time := seconds.get(row.title):
        figures["time"] = {"median": time["median"], "p90": time["p90"]}
    return figures


def _spread(values: list[float]) -> Figures:
    figures = {"mean": 100 * statistics.mean(values)}
    if len(values) > 1:
        figures["std"] = 100 * statistics.stdev(values)
    return figures


def _median(row: Row, name: str) -> float | None:
    values = [item[name] for item in row.contents if item.get(name) is not None]
    return statistics.median(values) if values else None


def _differences(pairs: Iterable[tuple[Row, Row]]) -> list[Figures]:
    return [
        {
            "title": f"{row.title} − {other.title}",
            **{
                measure: _interval(found, 100)
                for measure in MEASURES
                if (found := row.minus(other, measure)) is not None
            },
        }
        for row, other in pairs
    ]


def _interval(found: Interval, factor: float = 1) -> Figures:
    value, low, high = (factor * number for number in found)
    return {"value": value, "low": low, "high": high, "excludes_zero": low > 0 or high < 0}


def _timed(timing: Content) -> Figures | None:
    """Return the number of timed texts, and the smallest share of a core that a classifier had."""
    if not timing.get("num_texts"):
        return None
    shares = [item["cpu_share"] for item in timing["classifiers"].values()]
    return {"texts": timing["num_texts"], "cpu_share": min(shares)}


def _explanations(item: Explained) -> Iterable[Figures]:
    """Return means over texts and seeds for each way to explain, and leave-one-out's median."""
    for shown in item.by_seed:
        means = dict(zip(item.columns, map(float, item.means(shown)), strict=True))
        medians = dict(zip(item.columns, map(float, item.medians(shown)), strict=True))
        yield {
            "student": item.method,
            "explanation": shown,
            "is_shown": shown == item.gives,
            **{column: means[column] for column in COLUMNS},
            MEDIAN: medians["leave-one-out"],
        }


def _controlled(item: Explained) -> Iterable[Figures]:
    """Return a student's own weights minus random weights, and minus integrated gradients."""
    for control in (RANDOM, GRADIENTS):
        found = dict(zip(item.columns, item.minus(item.gives, control), strict=True))
        yield {
            "student": item.method,
            "title": f"{item.gives} − {control}",
            **{column: _interval(found[column]) for column in COMPARED},
        }
