"""Draws plots of a study with matplotlib, which only this file needs."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")  # writes files, opens no window

import numpy as np
from matplotlib import pyplot as plt

from benchmarks.reporting.results import duration
from benchmarks.reproduce import keys
from benchmarks.reproduce.explanations import GRADIENTS, RANDOM
from benchmarks.reproduce.measured import MeasuredStudy

_OURS, _THEIRS, _FAINT = "#c2410c", "#64748b", "#cbd5e1"
_EXPLAINED = ("feature@3", "sign@3", "cosine", "comprehensiveness", "leave-one-out")


def write_plots(study: MeasuredStudy, folder: Path) -> list[Path]:
    """Draw the plots for which something was measured."""
    drawn = {
        "answers": _answers(study),
        "heads": _heads(study),
        "trade-off": _trade_off(study),
        "explanations": _explanations(study),
    }
    written = []
    for name, figure in drawn.items():
        if figure is not None:
            path = folder / f"{study.record.dataset}-{name}.png"
            figure.savefig(path, dpi=160, bbox_inches="tight")
            plt.close(figure)
            written.append(path)
    return written


def _answers(study: MeasuredStudy) -> Any:
    """Draw accuracy and fidelity: the mean with its bootstrap interval, and a dot for each seed."""
    rows = [*study.students, *study.alternatives, *study.compressed][::-1]
    figure, panels = plt.subplots(1, 2, figsize=(11, 0.34 * len(rows) + 1), sharey=True)
    for axes, measure in zip(panels, ("accuracy", "fidelity"), strict=True):
        for place, row in enumerate(rows):
            color = _OURS if row.title == study.record.ours else _THEIRS
            values = [100 * value for value in row.values(measure) or ()]
            low, high = 100 * np.quantile(row.resampled(measure), [0.025, 0.975])
            axes.plot([low, high], [place, place], color=color, linewidth=1.5)
            axes.plot(values, [place] * len(values), "o", color=color, alpha=0.4, markersize=4)
            axes.plot(statistics.mean(values), place, "D", color=color, markersize=5)
        axes.set(xlabel=f"{measure}, %; 95% interval, a dot a seed")
        axes.grid(axis="x", color=_FAINT, linewidth=0.5)
    panels[0].set_yticks(range(len(rows)), [row.title for row in rows])
    figure.suptitle(study.record.dataset)
    return figure


def _heads(study: MeasuredStudy) -> Any:
    """Draw accuracy by the number of heads that are kept."""
    rows = {row.title: row for row in study.compressed}
    figure, axes = plt.subplots(figsize=(6, 4))
    for how, color in (("by importance", _OURS), ("at random", _THEIRS)):
        points = [
            (keep, [100 * value for value in row.values("accuracy") or ()])
            for keep in keys.kept_heads(study.record)
            if (row := rows.get(keys.title_of_heads(study.record, keep, how)))
        ]
        for keep, values in points:
            axes.plot([keep] * len(values), values, "o", color=color, alpha=0.4, markersize=4)
        means = [statistics.mean(values) for _, values in points]
        axes.plot([keep for keep, _ in points], means, "-D", color=color, label=how)
    for title, style in (("teacher", "-"), ("PTQ (int8)", ":")):
        if title in rows:
            value = 100 * statistics.mean(rows[title].values("accuracy") or ())
            axes.axhline(value, color="black", linestyle=style, linewidth=1, label=title)
    axes.set_xticks(keys.kept_heads(study.record))
    axes.set(
        xlabel=f"heads kept of {study.record.num_heads} a layer, nothing trained after",
        ylabel="accuracy, %", title=study.record.dataset,
    )  # fmt: skip
    axes.legend()
    return figure


def _trade_off(study: MeasuredStudy) -> Any:
    """Draw accuracy against time; a mark's area grows with the logarithm of the size."""
    if study.timing is None:
        return None
    rows = [*study.students, *study.alternatives, *study.compressed]
    seconds = study.timing["classifiers"]
    points = [(row, 1e6 * seconds[row.title]["median"]) for row in rows if row.title in seconds]
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for number, (row, time) in enumerate(sorted(points, key=lambda point: point[1]), start=1):
        accuracy = 100 * statistics.mean(row.values("accuracy") or ())
        size = row.contents[0]["num_bytes"] / 1e6
        axes.scatter(
            time, accuracy, s=80 + 40 * max(0.0, np.log10(10 * size)), alpha=0.8,
            color=_OURS if row.title == study.record.ours else _THEIRS,
            label=f"{number}  {row.title}: {size:.3g} MB, {duration(time / 1e6)}",
        )  # fmt: skip
        axes.annotate(
            str(number), (time, accuracy), ha="center", va="center", fontsize=7, color="white"
        )
    axes.set(
        xscale="log", xlabel="µs from a text to its class, one thread", ylabel="accuracy, %",
        title=study.record.dataset,
    )  # fmt: skip
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=8, markerscale=0.5)
    return figure


def _explanations(study: MeasuredStudy) -> Any:
    """Draw the measures of each student's explanations and of their two controls."""
    if not study.explained:
        return None
    figure, panels = plt.subplots(1, len(_EXPLAINED), figsize=(15, 3.2), sharey=True)
    names = [item.method for item in study.explained]
    places = np.arange(len(names))
    for axes, column in zip(panels, _EXPLAINED, strict=True):
        for number, (shown, color) in enumerate(
            ((None, _OURS), (GRADIENTS, _THEIRS), (RANDOM, _FAINT))
        ):
            values = [
                item.means(shown or item.gives)[list(item.columns).index(column)]
                for item in study.explained
            ]
            label = shown or "what the student shows"
            axes.barh(places + 0.27 * (number - 1), values, 0.25, color=color, label=label)
        axes.set(title=column)
    panels[0].set_yticks(places, names)
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, bbox_to_anchor=(0.5, -0.12))
    figure.suptitle(study.record.dataset, y=1.04)
    return figure
