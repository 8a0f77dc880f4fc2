"""What a person sees of a training run: on a terminal a live table, else a line for each epoch.

Everything goes to standard error; standard output is for results.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType

    from ..training.run_folder import EpochMetrics


class Watcher(Protocol):
    """Is told how a run goes on."""

    def on_step(self, done: int, total: int) -> None:
        """So many of so many steps are done."""

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """An epoch has ended."""


class Lines:
    """A line for each epoch."""

    def on_step(self, done: int, total: int) -> None:
        """Steps are not shown."""

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """Print the epoch's line."""
        terms = ", ".join(f"{name} {value:.4f}" for name, value in metrics.terms.items())
        print(
            f"epoch {metrics.epoch:3d}  loss {metrics.loss:.4f}{f' ({terms})' if terms else ''}  "
            f"accuracy {metrics.accuracy:.4f}  macro-F1 {metrics.macro_f1:.4f}",
            file=sys.stderr,
        )


class Table:
    """A table that grows by a row an epoch, above a bar of the steps with the time left."""

    def __init__(self, console: Console, title: str) -> None:
        """Nothing is drawn before the first step or epoch."""
        from rich.live import Live
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._title = title
        self._rows: list[tuple[EpochMetrics, float]] = []
        self._began = 0.0
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("steps,"), TimeElapsedColumn(), TextColumn("gone,"),
            TimeRemainingColumn(), TextColumn("left"), console=console,
        )  # fmt: skip
        self._task = self._bar.add_task(title, total=None)
        self._live = Live(
            get_renderable=self._drawn, console=console, refresh_per_second=4, transient=False
        )

    def stop(self) -> None:
        """Leave the finished table on the screen."""
        self._live.stop()

    def on_step(self, done: int, total: int) -> None:
        """Move the bar."""
        if not self._live.is_started:
            self._live.start(refresh=True)
            self._began = perf_counter()
            # A run that goes on is no quicker for what it had done before.
            self._bar.reset(self._task, total=total, completed=done - 1)
        self._bar.update(self._task, completed=done, total=total)

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """Add a row."""
        now = perf_counter()
        self._rows.append((metrics, now - self._began))
        self._began = now

    def _drawn(self) -> RenderableType:
        from rich.console import Group

        return Group(self._table(), self._bar)

    def _table(self) -> RenderableType:
        from rich.table import Table as RichTable

        table = RichTable(box=None, pad_edge=False, header_style="bold")
        terms = list(self._rows[-1][0].terms) if self._rows else []
        for name in ("epoch", "loss", *terms, "accuracy", "macro-F1", "rate", "time", ""):
            table.add_column(name, justify="right", no_wrap=True)
        best = _best([metrics for metrics, _ in self._rows])
        for metrics, seconds in self._rows:
            is_best = metrics is best
            table.add_row(*_cells(metrics, terms, seconds, is_best), style="bold" * is_best)
        return table


def _cells(metrics: EpochMetrics, terms: Sequence[str], seconds: float, is_best: bool) -> list[str]:
    values = [metrics.loss, *(metrics.terms.get(name) for name in terms)]
    values += [metrics.accuracy, metrics.macro_f1]
    rate = metrics.learning_rate
    return [
        str(metrics.epoch),
        *("" if value is None else f"{value:.4f}" for value in values),
        "" if rate is None else f"{rate:.1e}",
        f"{seconds:.0f} s",
        "best" if is_best else "",
    ]


def _best(history: Sequence[EpochMetrics]) -> EpochMetrics | None:
    """As the trainer chooses: the first of the highest mean of accuracy and macro-F1."""
    return max(history, key=lambda m: (m.accuracy + m.macro_f1, -m.epoch), default=None)


@contextmanager
def watched(title: str, tensorboard: str | None = None) -> Iterator[Watcher]:
    """A display that fits standard error, and a log for TensorBoard where a folder is given.

    Raises:
        MissingExtraError: TensorBoard is asked for and not installed.
    """
    from rich.console import Console

    console = Console(stderr=True)
    with ExitStack() as stack:
        watchers: list[Watcher] = []
        if tensorboard:
            watchers.append(stack.enter_context(_tensorboard(tensorboard)))
        if console.is_terminal:
            table = Table(console, title)
            stack.callback(table.stop)
            watchers.append(table)
        else:
            watchers.append(Lines())
        yield _All(watchers)


class _All:
    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers

    def on_step(self, done: int, total: int) -> None:
        for watcher in self._watchers:
            watcher.on_step(done, total)

    def on_epoch(self, metrics: EpochMetrics) -> None:
        for watcher in self._watchers:
            watcher.on_epoch(metrics)


class _Events:
    """Scalars of each epoch for TensorBoard."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def on_step(self, done: int, total: int) -> None:
        """Epochs are what is logged."""

    def on_epoch(self, metrics: EpochMetrics) -> None:
        scalars = {"loss/total": metrics.loss}
        scalars |= {f"loss/{name}": value for name, value in metrics.terms.items()}
        scalars["validation/accuracy"] = metrics.accuracy
        scalars["validation/macro-F1"] = metrics.macro_f1
        if metrics.learning_rate is not None:
            scalars["learning rate"] = metrics.learning_rate
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, metrics.epoch)


@contextmanager
def _tensorboard(folder: str) -> Iterator[_Events]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(
            "--tensorboard needs tensorboard, not installed here; install the extra with: "
            "pip install 'dixtill[tensorboard]'"
        ) from error
    with SummaryWriter(folder) as writer:
        yield _Events(writer)
