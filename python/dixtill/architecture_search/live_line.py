"""Shows on standard error how a search goes: a line that changes, or one for each training."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

from ..distillation.progress.bars import bars_on_terminal, terminal
from ..distillation.progress.watcher import Advance, Step, Watcher
from ..standard_streams import say
from .points import Front
from .proposals import Proposal
from .quantities import shown_bytes, shown_seconds
from .trials.folder import SHORT
from .trials.trainer import Job

_REDRAWN_SECONDS = 0.25


class LiveLine:
    """Says what is trained, and how good the front is so far."""

    def __init__(self, is_shown: bool, is_redrawn: bool) -> None:
        """Print nothing, lines, or one line that is drawn again."""
        self._is_shown, self._is_redrawn = is_shown, is_redrawn
        self._drawn_at = 0.0
        self._said = ""
        self.watcher: Watcher = _Steps(self) if is_shown and is_redrawn else Watcher()

    @classmethod
    @contextmanager
    def on_terminal(cls, is_shown: bool) -> Iterator[LiveLine]:
        """Redraw a line if standard error is a terminal; leave the last one there."""
        line = cls(is_shown, terminal() is not None)
        try:
            yield line
        finally:
            if line._said and line._is_redrawn:
                say("")

    def on_generation(self, count: int, proposals: Sequence[Proposal]) -> None:
        """Say that a generation begins; `count` students were proposed so far."""
        refused = sum(not proposal.is_allowed for proposal in proposals)
        limits = f", {refused} of them beyond the limits" if refused else ""
        first = proposals[0].number + 1
        named = f"student {count}" if first == count else f"students {first} to {count}"
        self._say(f"{named}{limits}")

    def on_done(self, job: Job, done: int, total: int, front: Front, seconds: float) -> None:
        """Say that a training has ended, the number `done` of `total`."""
        course = "short course" if job.rung == SHORT else "whole course"
        self._say(f"{course} {done} of {total}; {described(front)}; {shown_seconds(seconds)}")

    def on_step(self, step: Step) -> None:
        """Show how far the current training has come."""
        if perf_counter() - self._drawn_at >= _REDRAWN_SECONDS:
            share = step.done / (step.per_epoch * step.epochs)
            self._draw(f"{self._said}; training {share:.0%}")

    def _say(self, text: str) -> None:
        self._said = text
        if not self._is_shown:
            return
        if self._is_redrawn:
            self._draw(text)
        else:
            say(text)

    def _draw(self, text: str) -> None:
        self._drawn_at = perf_counter()
        width = shutil.get_terminal_size().columns - 1
        say(f"\r{text[:width]:<{width}}", end="")


def described(front: Front) -> str:
    """Describe a front in a few words."""
    if not front.points:
        return "no student yet"
    best, smallest, fastest = (front.pick(way) for way in ("best", "smallest", "fastest"))
    quality = best.values[front.quality]
    return (
        f"best {front.quality.replace('_', '-')} {quality:.3f}, "
        f"smallest {shown_bytes(smallest.values['size'] or 0)}, "
        f"fastest {fastest.values['time']:g} µs"
    )


class _Steps(Watcher):
    """Draws stages as bars, and steps of trainings in the line."""

    def __init__(self, line: LiveLine) -> None:
        self._line = line
        self._bars = bars_on_terminal()

    def on_step(self, step: Step) -> None:
        """Note that a step is done."""
        self._line.on_step(step)

    @contextmanager
    def stage(self, description: str) -> Iterator[None]:
        """Show a stage of work that lasts as long as the context."""
        with self._bars.stage(description):
            yield

    @contextmanager
    def bar(self, description: str, total: int, unit: str, done: int = 0) -> Iterator[Advance]:
        """Show a stage of `total` units, `done` of which are already finished."""
        with self._bars.bar(description, total, unit, done) as advance:
            yield advance
