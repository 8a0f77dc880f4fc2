"""Makes Markdown tables of a study's figures, each number with its spread or its control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.reporting.results import duration, markdown_table, times
from benchmarks.reproduce.explanations import (
    AGREEMENT_COLUMNS,
    FAITHFULNESS_COLUMNS,
    GRADIENTS,
    RANDOM,
)
from benchmarks.reproduce.figures import COMPARED, MEDIAN, Figures
from benchmarks.reproduce.statistics import MEASURES

_ENOUGH_OF_A_CORE = 0.8
_NOT_MEASURED = "–"


def report(figures: Figures) -> str:
    """Return all tables for which something was measured."""
    texts = figures["texts"]
    parts = [
        f"# {figures['dataset']}",
        f"Teacher {figures['teacher']}; {texts['train']} texts train, {texts['held_out']} choose "
        f"epochs and settings, {texts['test']} test and choose nothing. Up to {figures['seeds']} "
        "seeds; mean ± standard deviation over them, in percent. Intervals are 95% intervals of "
        f"{figures['resamples']:,} paired bootstrap resamples of the test texts, seeds averaged; "
        "a difference is bold if its interval excludes zero. Resampling texts raises a "
        "calibration error, a small one more than a large one, so its differences lean to zero.",
        "## Methods",
        _methods(figures),
        "## Answers",
        answers(figures["answers"], (*MEASURES, "float32 accuracy"), with_seeds=True),
        f"## {figures['ours']} minus each other, in points",
        differences(figures["ours_minus_each"], MEASURES),
        "## Students minus their teacher, in points",
        differences(figures["students_minus_teacher"], MEASURES),
        "## Students among themselves, in points",
        differences(figures["students_among_themselves"], MEASURES),
        "## Size and time",
        _sizes(figures["answers"]),
        _remarks(figures["timed"]),
    ]
    if figures["explanations"]:
        parts += [
            "## Explanations: agreement with the teacher's integrated gradients",
            f"On {texts['explained']} test texts; of at least two words, and @k of more than k. "
            f"*{RANDOM}* knows nothing; *{GRADIENTS}* are post hoc, of the same student's answered "
            "logit, from a text of unknown pieces.",
            explanations(figures["explanations"], AGREEMENT_COLUMNS),
            "## Explanations: faithfulness to the student",
            "Large comprehensiveness, insertion and leave-one-out are good, small sufficiency and "
            "deletion.",
            explanations(figures["explanations"], (*FAITHFULNESS_COLUMNS, MEDIAN)),
            "## What each student shows, minus its controls",
            controlled(figures["controlled"], COMPARED),
        ]
    return "\n\n".join(parts)


def _methods(figures: Figures) -> str:
    rows = [[name, f"`{given}`"] for name, given in figures["methods"].items()]
    return markdown_table(["method", "arguments of `dixtill distill`"], rows)


def answers(
    rows: Iterable[Figures],
    measures: Iterable[str],
    *,
    with_seeds: bool = False,
    with_size: bool = False,
) -> str:
    """Return a row for each classifier: mean and standard deviation of each measure."""
    measures = list(measures)
    header = ["", *["seeds"] * with_seeds, *measures, *["size"] * with_size]
    cells = [
        [
            row["title"],
            *[str(row["seeds"])] * with_seeds,
            *(_spread(row.get(measure)) for measure in measures),
            *[_mb(row.get("size"))] * with_size,
        ]
        for row in rows
    ]
    return markdown_table(header, cells)


def _spread(found: Mapping[str, float] | None) -> str:
    """Format mean and standard deviation in percent."""
    if found is None:
        return _NOT_MEASURED
    mean = f"{found['mean']:.1f}"
    return f"{mean} ± {found['std']:.1f}" if "std" in found else mean


def differences(rows: Sequence[Figures], measures: Iterable[str]) -> str:
    """Return a row for each pair: differences in points with their intervals."""
    measures = list(measures)
    cells = [
        [row["title"], *(_interval(row.get(measure), 1) for measure in measures)] for row in rows
    ]
    return markdown_table(["", *measures], cells) if rows else "Not measured yet."


def _interval(found: Mapping[str, Any] | None, digits: int) -> str:
    """Return the difference and its interval, in bold if the interval excludes zero."""
    if found is None:
        return _NOT_MEASURED
    value, low, high = (_signed(found[name], digits) for name in ("value", "low", "high"))
    shown = f"**{value}**" if found["excludes_zero"] else value
    return f"{shown} [{low}, {high}]"


def _signed(number: float, digits: int) -> str:
    return f"{number:+.{digits}f}".replace("-", "−")


def explanations(rows: Iterable[Figures], columns: Sequence[str]) -> str:
    """Return a row for each student and way to explain; the student's own way is marked."""
    cells = [
        [
            row["student"],
            f"{row['explanation']}{' (shown)' * row['is_shown']}",
            *(f"{row[column]:.2f}".replace("-", "−") for column in columns),
        ]
        for row in rows
    ]
    return markdown_table(["student", "explanation", *columns], cells)


def controlled(rows: Iterable[Figures], columns: Sequence[str]) -> str:
    """Return each student's own explanations minus the controls, with intervals."""
    cells = [
        [row["student"], row["title"], *(_interval(row.get(column), 2) for column in columns)]
        for row in rows
    ]
    return markdown_table(["student", "difference", *columns], cells)


def _sizes(rows: Sequence[Figures]) -> str:
    """Tabulate sizes and times beside the teacher's; times are per text, training per seed."""
    teacher = next(row for row in rows if row["title"] == "teacher")
    header = ["", "size", "compression", "median time", "p90", "speed-up", "training"]
    return markdown_table(header, (_sizes_row(row, teacher) for row in rows))


def _sizes_row(row: Figures, teacher: Figures) -> list[str]:
    size, time = row.get("size"), row.get("time")
    cells = [row["title"], _mb(size) if size else ""]
    cells.append(times(teacher["size"] / size) if size and teacher.get("size") else "")
    if time:
        speed_up = times(teacher["time"]["median"] / time["median"])
        cells += [duration(time["median"]), duration(time["p90"]), speed_up]
    else:
        cells += ["", "", ""]
    return [*cells, duration(row["training"]) if "training" in row else ""]


def _mb(size: float | None) -> str:
    return _NOT_MEASURED if size is None else f"{size:.3g} MB"


def _remarks(timed: Mapping[str, float] | None) -> str:
    text = (
        "Nothing is trained after pruning or quantizing the teacher. Training is the median "
        "over the seeds; for SVM and fastText it includes the choice of settings, "
        "for students it does not include the teacher's explanations."
    )
    if not timed:
        return f"{text} Times were not measured yet."
    share = timed["cpu_share"]
    busy = " **The machine was busy: measure again.**" if share < _ENOUGH_OF_A_CORE else ""
    return (
        f"{text} Times are of one text at a time over {timed['texts']} test texts, from text "
        f"to class, one thread, in turns; each had at least {share:.0%} of a core.{busy}"
    )
