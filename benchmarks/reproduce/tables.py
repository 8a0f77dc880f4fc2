"""Markdown of a study: what the paper's tables hold, each number with its spread or its control."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from benchmarks.reporting.results import duration, markdown_table, times
from benchmarks.reproduce.explanations import (
    AGREEMENT_COLUMNS,
    FAITHFULNESS_COLUMNS,
    GRADIENTS,
    RANDOM,
)
from benchmarks.reproduce.measured import Explained, Measured, Row
from benchmarks.reproduce.results import Content
from benchmarks.reproduce.statistics import MEASURES, NUM_RESAMPLES, Floats, Interval

_ENOUGH_OF_A_CORE = 0.8
_COMPARED = ("feature@3", "sign@3", "Spearman", "cosine", *FAITHFULNESS_COLUMNS)


def report(study: Measured) -> str:
    """All tables of which something was measured."""
    record = study.record
    rows = [*study.students, *study.alternatives, *study.compressed]
    parts = [
        f"# {record.dataset}",
        f"Teacher {record.teacher}; {record.num_train} texts train, {record.num_held_out} choose "
        f"epochs and settings, {len(record.labels)} test and choose nothing. Up to {record.seeds} "
        "seeds; mean ± standard deviation over them, in per cent. Intervals: 95%, of "
        f"{NUM_RESAMPLES:,} paired bootstrap resamples of the test texts, seeds averaged; bold "
        "where it leaves zero out. A calibration error grows when texts are resampled, "
        "the smaller one more: its intervals lean towards zero.",
        "## Methods",
        _methods(study),
        "## Answers",
        _answers(rows),
        f"## {record.ours} minus each other, in points",
        _differences(
            [(row, other) for row in rows for other in rows if _is_ours(study, row, other)]
        ),
        "## Students among themselves, in points",
        _differences((b, a) for a, b in combinations(study.students, 2)),
        "## Size and time",
        _sizes(study, rows),
    ]
    if study.explained:
        num_texts = len(record.explained)
        parts += [
            "## Explanations: agreement with the teacher's integrated gradients",
            f"On {num_texts} test texts; of at least two words, and @k of more than k. "
            f"*{RANDOM}* knows nothing; *{GRADIENTS}* are post hoc, of the same student's answered "
            "logit, from a text of unknown pieces.",
            _explanations(study.explained, AGREEMENT_COLUMNS),
            "## Explanations: faithfulness to the student",
            "Large comprehensiveness, insertion and leave-one-out are good, small sufficiency and "
            "deletion.",
            _explanations(study.explained, FAITHFULNESS_COLUMNS, medians=("leave-one-out",)),
            "## What each student shows, minus its controls",
            _controlled(study.explained),
        ]
    return "\n\n".join(parts)


def _is_ours(study: Measured, row: Row, other: Row) -> bool:
    return row.title == study.record.ours and other is not row


def _methods(study: Measured) -> str:
    rows = [[name, f"`{' '.join(given)}`"] for name, given in study.record.methods.items()]
    return markdown_table(["method", "arguments of `dixtill distill`"], rows)


def _answers(rows: Sequence[Row]) -> str:
    header = ["", "seeds", *MEASURES, "float32 accuracy"]
    return markdown_table(header, (_answers_row(row) for row in rows))


def _answers_row(row: Row) -> list[str]:
    before = [content["float32"]["accuracy"] for content in row.contents if "float32" in content]
    cells = [_spread(row.values(measure)) for measure in MEASURES]
    return [row.title, str(len(row.contents)), *cells, _spread(before or None)]


def _spread(values: Sequence[float] | None) -> str:
    """Mean and standard deviation in per cent."""
    if values is None:
        return "–"
    mean = f"{100 * statistics.mean(values):.1f}"
    return f"{mean} ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else mean


def _differences(pairs: Iterable[tuple[Row, Row]]) -> str:
    rows = [
        [
            f"{row.title} − {other.title}",
            *(_interval(row.minus(other, measure), 100, 1) for measure in MEASURES),
        ]
        for row, other in pairs
    ]
    return markdown_table(["", *MEASURES], rows) if rows else "Not measured yet."


def _interval(found: Interval | None, factor: float, digits: int) -> str:
    """The difference and its interval, bold where that leaves zero out."""
    if found is None:
        return "–"
    value, low, high = (f"{factor * number:+.{digits}f}" for number in found)
    shown = f"**{value}**" if found.low > 0 or found.high < 0 else value
    return f"{shown} [{low}, {high}]"


def _sizes(study: Measured, rows: Sequence[Row]) -> str:
    """Beside the teacher; times are of one text, training is that of one seed."""
    timing = study.timing or {"classifiers": {}}
    teacher = next(row for row in rows if row.title == "teacher")
    cells = [_sizes_row(row, teacher, timing["classifiers"]) for row in rows]
    header = ["", "size", "compression", "median time", "p90", "speed-up", "training"]
    return "\n\n".join([markdown_table(header, cells), _remarks(timing)])


def _sizes_row(row: Row, teacher: Row, seconds: Mapping[str, Mapping[str, float]]) -> list[str]:
    size, whole = _median(row, "num_bytes"), _median(teacher, "num_bytes")
    trained = _median(row, "train_seconds")
    cells = [row.title, *(("", "") if not (size and whole) else (_mb(size), times(whole / size)))]
    if time := seconds.get(row.title):
        ratio = seconds[teacher.title]["median"] / time["median"]
        cells += [duration(time["median"]), duration(time["p90"]), times(ratio)]
    else:
        cells += ["", "", ""]
    return [*cells, "" if trained is None else duration(trained)]


def _remarks(timing: Content) -> str:
    text = (
        "Nothing is trained after pruning or quantising the teacher. Training is the median "
        "over the seeds; for SVM and fastText it includes the choice of settings, "
        "for students it does not include the teacher's explanations."
    )
    if not timing.get("num_texts"):
        return f"{text} Times were not measured yet."
    lowest = min(item["cpu_share"] for item in timing["classifiers"].values())
    busy = " **The machine was busy: measure again.**" if lowest < _ENOUGH_OF_A_CORE else ""
    return (
        f"{text} Times are of one text at a time over {timing['num_texts']} test texts, from text "
        f"to class, one thread, by turns; each had at least {lowest:.0%} of a core.{busy}"
    )


def _mb(num_bytes: float) -> str:
    return f"{num_bytes / 1e6:.3g} MB"


def _median(row: Row, name: str) -> float | None:
    values = [item[name] for item in row.contents if item.get(name) is not None]
    return statistics.median(values) if values else None


def _explanations(
    explained: Sequence[Explained], columns: Sequence[str], medians: Sequence[str] = ()
) -> str:
    """The means of `columns` over the texts, and the medians of some."""
    rows = [
        [
            item.method,
            f"{shown} (shown)" if shown == item.gives else shown,
            *_picked(item, item.means(shown), columns),
            *_picked(item, item.medians(shown), medians),
        ]
        for item in explained
        for shown in item.by_seed
    ]
    titles = [*columns, *(f"{column}, median" for column in medians)]
    return markdown_table(["student", "explanation", *titles], rows)


def _picked(item: Explained, values: Floats, columns: Sequence[str]) -> list[str]:
    named = dict(zip(item.columns, values, strict=True))
    return [f"{named[column]:.2f}" for column in columns]


def _controlled(explained: Sequence[Explained]) -> str:
    """What is shown minus random, and minus integrated gradients."""
    rows = [
        [item.method, f"{item.gives} − {control}", *_compared(item, control)]
        for item in explained
        for control in (RANDOM, GRADIENTS)
    ]
    return markdown_table(["student", "difference", *_COMPARED], rows)


def _compared(item: Explained, control: str) -> list[str]:
    found = dict(zip(item.columns, item.minus(item.gives, control), strict=True))
    return [_interval(found[column], 1, 2) for column in _COMPARED]
