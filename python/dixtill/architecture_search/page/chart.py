"""Draws the students of a search as inline SVG: quality against time, with the size as area."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...distillation.report.charts import tick_values
from ...runtime.show.html import escaped
from ..points import Point
from ..quantities import shown_bytes

_WIDTH, _HEIGHT = 560, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 14, 44
_SMALLEST, _LARGEST = 4.0, 16.0  # radii
_MARGIN = 0.05  # of the qualities, above and below
TITLES = {"fidelity": "fidelity", "accuracy": "accuracy", "macro_f1": "macro-F1"}


def front_chart(
    points: Sequence[Point], on_front: set[int], quality: str, max_time: float | None
) -> str:
    """Draw a circle for each student, which is a link to its row in the table.

    Students on the front are filled, and drawn last. The time is on a logarithmic scale.
    """
    shown = [point for point in points if point.values[quality] is not None]
    if not shown:
        return ""
    scale = _Scale(shown, quality, max_time)
    order = sorted(shown, key=lambda p: (p.number in on_front, -(p.values["size"] or 0)))
    caption = f"{TITLES[quality]} and time for a text; the area of a circle is the student’s size"
    return (
        f'<figure><figcaption>{escaped(caption)}</figcaption><svg class="chart front" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" aria-label="{escaped(caption)}">'
        f"{scale.grid()}{scale.limit(max_time)}"
        f"{''.join(scale.circle(point, point.number in on_front) for point in order)}"
        '</svg><p class="hint" role="status" aria-live="polite"></p></figure>'
    )


def described(point: Point, quality: str) -> str:
    """Describe a student in one line."""
    values = point.values
    return (
        f"student {point.number}: {TITLES[quality]} {values[quality] or 0:.3f}, "
        f"{values['time']:g} µs, {shown_bytes(values['size'] or 0)}"
    )


class _Scale:
    """Maps times, qualities and sizes to coordinates and radii."""

    def __init__(self, points: Sequence[Point], quality: str, max_time: float | None) -> None:
        self._quality = quality
        times = [point.values["time"] or 0.0 for point in points]
        times += [max_time] if max_time else []
        self._times = (min(times) / 1.15, max(times) * 1.15)
        values = [point.values[quality] or 0.0 for point in points]
        self._ticks = tick_values(min(values), max(values))
        self._largest = max(point.values["size"] or 1.0 for point in points)

    def x(self, time: float) -> float:
        low, high = map(math.log, self._times)
        return _LEFT + (math.log(time) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self._ticks[0], self._ticks[-1]
        low, high = low - _MARGIN * (high - low), high + _MARGIN * (high - low)
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def circle(self, point: Point, is_on_front: bool) -> str:
        values = point.values
        x, y = self.x(values["time"] or 0.0), self.y(values[self._quality] or 0.0)
        radius = _LARGEST * math.sqrt((values["size"] or 0.0) / self._largest)
        text = escaped(described(point, self._quality))
        return (
            f'<a href="#student-{point.number}" class="{"on" if is_on_front else "off"}" '
            f'aria-label="{text}" data-x="{x:.1f}"><circle cx="{x:.1f}" cy="{y:.1f}" '
            f'r="{max(_SMALLEST, radius):.1f}"><title>{text}</title></circle></a>'
        )

    def grid(self) -> str:
        bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
        lines = [
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{self.y(tick):.1f}" '
            f'y2="{self.y(tick):.1f}"/>{_text(_LEFT - 8, self.y(tick) + 4, f"{tick:g}", "end")}'
            for tick in self._ticks
        ]
        lines += [
            f'<line class="grid" x1="{self.x(time):.1f}" x2="{self.x(time):.1f}" y1="{_TOP}" '
            f'y2="{bottom}"/>{_text(self.x(time), bottom + 18, f"{time:g}", "middle")}'
            for time in _times_between(*self._times)
        ]
        middle = (_LEFT + right) / 2
        return "".join([*lines, _text(middle, _HEIGHT - 6, "microseconds for a text", "middle")])

    def limit(self, max_time: float | None) -> str:
        if max_time is None:
            return ""
        x = self.x(max_time)
        return (
            f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}">'
            f"<title>limit: {max_time:g} µs</title></line>"
        )


def _times_between(low: float, high: float) -> list[float]:
    """Return round numbers for a logarithmic axis, two at least if they fit."""
    for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [round(step * 10.0**power, 10) for power in powers for step in steps]
        inside = [time for time in found if low <= time <= high]
        if len(inside) >= 3:
            break
    return inside


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escaped(text)}</text>'
