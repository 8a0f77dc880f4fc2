"""Draws stages of work on a terminal: a bar with the time left, or a name and a spinner.

The epochs of a training run are drawn by live_table.py.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
)
from rich.text import Text

from ...standard_streams import is_terminal
from .watcher import Advance, Watcher

BAR_WIDTH = 16  # leaves room for the words in 80 columns
_WORTH_A_LINE = 1.0  # seconds; a quicker stage leaves no line


def terminal() -> Console | None:
    """Return standard error if it is a terminal on which lines can be redrawn, else None."""
    # Rich would also take a pipe for a terminal if FORCE_COLOR is set, as on many CI machines.
    if not is_terminal(sys.stderr) or os.environ.get("TERM") in ("dumb", "unknown"):
        return None
    return Console(stderr=True, force_terminal=True)


def clock(seconds: float) -> str:
    """Format minutes and seconds, with hours if there are any.

    >>> clock(75), clock(3 * 3600 + 5)
    ('1:15', '3:00:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Time(ProgressColumn):
    """The time left, and at the end the time taken."""

    def render(self, task: Task) -> Text:
        if task.finished:
            return Text(clock(task.finished_time or 0.0))
        return Text("" if task.time_remaining is None else f"left {clock(task.time_remaining)}")


class Bars(Watcher):
    """Draws stages: a bar if their length is known, else a spinner. Epochs are not drawn."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def bar(self, description: str, total: int, unit: str, done: int = 0) -> Iterator[Advance]:
        """Draw a bar with the time left."""
        with Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=BAR_WIDTH),
            MofNCompleteColumn(),
            TextColumn(f"{unit};"),
            _Time(),
            console=self._console,
        ) as progress:
            task = progress.add_task(description, total=total, completed=done)
            yield lambda count: progress.advance(task, count)

    @contextmanager
    def stage(self, description: str) -> Iterator[None]:
        """Draw a spinner; then a line with the time, unless the stage was quick."""
        began = perf_counter()
        with self._console.status(description):
            yield
        seconds = perf_counter() - began
        if seconds >= _WORTH_A_LINE:
            self._console.print(f"{description}: {clock(seconds)}", highlight=False, markup=False)


def bars_on_terminal() -> Watcher:
    """Return bars if standard error is a terminal, else a watcher that draws nothing."""
    console = terminal()
    return Bars(console) if console else Watcher()
