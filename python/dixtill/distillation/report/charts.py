"""Draws charts as inline SVG, colored by the page's style sheet; the marks' titles give numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ...runtime.show.html import escaped
from .measures import Bin

_WIDTH, _HEIGHT = 460, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 30


class _Frame:
    """Maps values to coordinates in the drawing."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self._x, self._y = x, y

    def x(self, value: float) -> float:
        low, high = self._x
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self._y
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def epochs_chart(series: Mapping[str, Sequence[float]], best: int, caption: str) -> str:
    """Draw a line for each series, over the epochs from 1, and mark the epoch `best`."""
    values = [value for line in series.values() for value in line if math.isfinite(value)]
    # If training diverged, there may be no finite value to draw.
    ticks = tick_values(min(values, default=0.0), max(values, default=1.0))
    num_epochs = max(map(len, series.values()))
    frame = _Frame((0.5, num_epochs + 0.5), (ticks[0], ticks[-1]))
    marks = [
        f'<line class="best" x1="{frame.x(best):.1f}" x2="{frame.x(best):.1f}" y1="{_TOP}" '
        f'y2="{_HEIGHT - _BOTTOM}"><title>best epoch: {best}</title></line>'
    ]
    step = max(1, math.ceil(num_epochs / 10))
    marks += [
        _label(frame.x(epoch), _HEIGHT - 10, str(epoch), "middle")
        for epoch in range(1, num_epochs + 1, step)
    ]
    lines = [_line(frame, number, name, line) for number, (name, line) in enumerate(series.items())]
    return _figure([*_grid(frame, ticks), *marks, *lines], caption, _key(series))


def reliability_chart(bins: Sequence[Bin], caption: str) -> str:
    """Draw the share of right answers by their probability; larger dots are more answers."""
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    frame = _Frame((0.0, 1.05), (-0.04, 1.08))  # room for a large dot at an end
    most = max(one.count for one in bins)
    diagonal = (
        f'<line class="best" x1="{frame.x(0):.1f}" y1="{frame.y(0):.1f}" '
        f'x2="{frame.x(1):.1f}" y2="{frame.y(1):.1f}"/>'
    )
    dots = [
        f'<circle class="dot" cx="{frame.x(one.probability):.1f}" '
        f'cy="{frame.y(one.accuracy):.1f}" r="{2 + 12 * math.sqrt(one.count / most):.1f}"><title>'
        f"{one.count:,} texts of probability {one.low:.2f} to {one.high:.2f}: mean "
        f"{one.probability:.3f}, {one.accuracy:.3f} right</title></circle>"
        for one in bins
    ]
    below = [_label(frame.x(tick), _HEIGHT - 10, f"{tick:g}", "middle") for tick in ticks]
    return _figure([*_grid(frame, ticks), diagonal, *below, *dots], caption, "")


def _line(frame: _Frame, number: int, name: str, values: Sequence[float]) -> str:
    points = [
        (frame.x(epoch), frame.y(value), epoch, value)
        for epoch, value in enumerate(values, start=1)
        if math.isfinite(value)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, *_ in points)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escaped(name)}, epoch {epoch}: '
        f"{value:.4f}</title></circle>"
        for x, y, epoch, value in points
    )
    return f'<g class="line l{number % 6}"><polyline points="{path}"/>{dots}</g>'


def _grid(frame: _Frame, ticks: Sequence[float]) -> list[str]:
    return [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{frame.y(tick):.1f}" '
        f'y2="{frame.y(tick):.1f}"/>{_label(_LEFT - 6, frame.y(tick) + 4, f"{tick:g}", "end")}'
        for tick in ticks
    ]


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _key(series: Mapping[str, object]) -> str:
    items = "".join(
        f'<span class="l{number % 6}"><svg viewBox="0 0 20 8" aria-hidden="true">'
        f'<g class="line l{number % 6}"><polyline points="0,4 20,4"/></g></svg>'
        f"{escaped(name)}</span>"
        for number, name in enumerate(series)
    )
    return f'<div class="key">{items}</div>'


def _figure(marks: Sequence[str], caption: str, key: str) -> str:
    return (
        f'<figure><figcaption>{escaped(caption)}</figcaption>{key}<svg class="chart" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escaped(caption)}">'
        f"{''.join(marks)}</svg></figure>"
    )


def tick_values(low: float, high: float) -> list[float]:
    """Return three to seven round numbers that cover `low` to `high`."""
    span = (high - low) or abs(high) or 1.0
    step = 10 ** math.floor(math.log10(span / 2))
    for factor in (1, 2, 5, 10):
        first, last = math.floor(low / (step * factor)), math.ceil(high / (step * factor))
        if last - first <= 6:
            break
    last = max(last, first + 1)
    return [round(tick * step * factor, 10) for tick in range(first, last + 1)]
