"""Report on standard error: skipped rows, progress, and a summary."""

from __future__ import annotations

from signal import Signals
from time import perf_counter

from ..escapes import printable
from ..standard_streams import say
from ..tables.rows import BadRow

_SECONDS_BETWEEN = 0.1
_BAR = 30  # characters


class Progress:
    """Counts rows, and shows a bar on a terminal."""

    def __init__(self, name: str, unit: str, size: int | None, is_shown: bool) -> None:
        self.rows = 0
        self.bad_rows = 0
        self._name = name
        self._unit = unit
        self._size = size  # bytes of the input, if known
        self._is_shown = is_shown
        self._start = self._shown_at = perf_counter()

    def place_of(self, bad: BadRow) -> str:
        """Return a sentence that says where a bad row is and what is wrong with it."""
        return bad.sentence(self._name, self._unit)

    def report(self, bad: BadRow) -> None:
        """Count a skipped row and print why it was skipped."""
        self.bad_rows += 1
        self._clear()
        say(f"dixtill: {printable(self.place_of(bad))}")

    def show(self, num_read: int) -> None:
        """Update the bar, `num_read` bytes into the input."""
        now = perf_counter()
        if self._is_shown and now > self._shown_at + _SECONDS_BETWEEN:
            self._shown_at = now
            line = f"{self._bar(num_read)}{self.rows:,} rows, {self._rate():,.0f} a second"
            say(f"\r{line}\033[K", end="")

    def end(self, stopped_by: Signals | None) -> None:
        """Print the summary."""
        self._clear()
        begin = f"stopped by {stopped_by.name}: " if stopped_by else ""
        say(
            f"{begin}{_count(self.rows, 'row')}, {_count(self.bad_rows, 'bad row')}, "
            f"{perf_counter() - self._start:.2f} s, {self._rate():,.0f} rows a second"
        )

    def _rate(self) -> float:
        return self.rows / max(perf_counter() - self._start, 1e-9)

    def _bar(self, num_read: int) -> str:
        if not self._size or not num_read:
            return ""
        share = min(1.0, num_read / self._size)
        return f"[{'#' * round(_BAR * share):{_BAR}}] {share:4.0%}  "

    def _clear(self) -> None:
        if self._is_shown:
            say("\r\033[K", end="")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
