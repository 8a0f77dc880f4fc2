"""Draws plots of a run with matplotlib, which only this file needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")  # writes files, opens no window

from matplotlib import pyplot as plt

from benchmarks import names
from benchmarks.reporting.results import Groups, duration, find

RESULTS = Path(__file__).parents[2] / "docs" / "results"
# For what has an accuracy: name, study and title, and the candidate of the speed benchmarks.
_ACCURACIES = (
    ("MPNet-base (time of BERT-base)", "study-tfns-mpnet.json", "teacher", names.TEACHER),
    ("teacher, MiniLM-L6", "study-tfns.json", "teacher", names.MINILM),
    ("TF-IDF, linear SVM", "study-tfns.json", "TF-IDF + linear SVM", names.LINEAR),
    ("dixtill", "study-tfns.json", "ours", "dixtill"),
    ("fastText", "study-tfns-mpnet.json", "fastText", names.FASTTEXT),
)
_OURS, _THEIRS = "#c2410c", "#64748b"


def write_plots(groups: Groups, targets: Sequence[str], folder: Path) -> list[Path]:
    """Draw a plot of latency for each length, and one of accuracy, size and latency."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for num_words in (12, 32):
        group = names.text_to_answer(num_words)
        if group in groups:
            path = folder / f"latency_{num_words}_words.png"
            _save(_latency(groups, group), path)
            written.append(path)
    points = _points(groups, targets)
    if points:
        _save(_accuracy(points), folder / "accuracy_size_latency.png")
        written.append(folder / "accuracy_size_latency.png")
    return written


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=160, bbox_inches="tight")
    plt.close(figure)


def _color(name: str) -> str:
    return _OURS if name.startswith("dixtill") else _THEIRS


def _latency(groups: Groups, group: str) -> Any:
    """Draw medians on a log axis, slowest first, with whiskers to the 90th percentile."""
    results = sorted(groups[group], key=lambda result: result.median)
    figure, axes = plt.subplots(figsize=(8, 0.36 * len(results) + 1))
    labels = [result.name for result in results]
    medians = [1e6 * result.median for result in results]
    whiskers = [1e6 * max(0.0, result.p90 - result.median) for result in results]
    axes.barh(labels, medians, color=list(map(_color, labels)))
    axes.errorbar(
        medians,
        labels,
        xerr=[[0.0] * len(medians), whiskers],
        fmt="none",
        ecolor="black",
        capsize=2,
    )
    for result, label in zip(results, labels, strict=True):
        axes.annotate(
            duration(result.median), (1e6 * max(result.p90, result.median), label),
            xytext=(5, 0), textcoords="offset points", va="center", fontsize=8,
        )  # fmt: skip
    axes.set(xscale="log", xlabel="µs, median and 90th percentile; one thread", title=group)
    axes.set_xlim(right=axes.get_xlim()[1] * 3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _points(groups: Groups, targets: Sequence[str]) -> list[tuple[str, float, float, float]]:
    """Return name, accuracy in percent, MB and seconds of everything that has all of them."""
    if not targets:
        return []
    group = names.text_to_answer(12)
    points = []
    for name, file, title, candidate in _ACCURACIES:
        rows = json.loads((RESULTS / file).read_text("utf-8"))["answers"]
        row = next(row for row in rows if row["title"] == title)
        timed = names.dixtill(targets[0]) if candidate == "dixtill" else candidate
        if result := find(groups, group, timed):
            points.append((name, row["accuracy"]["mean"], row["size"], result.median))
    return points


def _accuracy(points: Sequence[tuple[str, float, float, float]]) -> Any:
    """Draw accuracy against latency; a mark's area grows with the logarithm of the size."""
    figure, axes = plt.subplots(figsize=(7, 4.2))
    smallest = min(size for _, _, size, _ in points)
    for name, accuracy, size, seconds in points:
        area = 60 * (1 + len(f"{size / smallest:.0f}"))
        axes.scatter(1e6 * seconds, accuracy, s=area, color=_color(name), alpha=0.85)
        axes.annotate(
            f"{name}\n{size:.3g} MB, {duration(seconds)}", (1e6 * seconds, accuracy),
            xytext=(10, -22 if name.startswith("dixtill") else -4), textcoords="offset points",
            fontsize=8,
        )  # fmt: skip
    axes.set(
        xscale="log", xlabel="µs from a text of 12 words to its answer, one thread",
        ylabel="accuracy, %, financial tweets",
    )  # fmt: skip
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * 12)
    axes.margins(y=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
