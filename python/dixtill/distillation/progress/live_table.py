"""Shows a training run as a live table on a terminal, and as one line per epoch elsewhere.

Everything goes to standard error; standard output is for results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import NamedTuple

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.measure import Measurement
from rich.progress_bar import ProgressBar
from rich.table import Table

from ...standard_streams import say
from .bars import BAR_WIDTH, Bars, clock, terminal
from .metrics import TITLES, EpochMetrics, best_epoch, shown_scores
from .tensorboard_log import TensorBoardLog
from .watcher import Step, Watcher, Watchers

_UNLIMITED = 1000  # columns
_OTHER_LINES = 4  # on the screen: the table's head, the progress, the prompt before it


class Lines(Watcher):
    """Prints a line for each epoch."""

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """Print the epoch's line."""
        terms = ", ".join(f"{name} {value:.4f}" for name, value in metrics.terms.items())
        say(
            f"epoch {metrics.epoch:3d}  loss {metrics.loss:.4f}{f' ({terms})' if terms else ''}  "
            f"{shown_scores(metrics.scores)}"
        )


class _Layout(NamedTuple):
    """How much detail the table shows."""

    digits: int  # decimals of the losses
    is_short: bool  # whether the names of the terms are shortened
    has_rate: bool  # whether the learning rate is shown


# The first one that fits the terminal is drawn; the second fits 80 columns.
_LAYOUTS = (_Layout(4, False, True), _Layout(3, True, True), _Layout(3, True, False))
_SHORT = {"explanation": "expl.", "additivity": "addit."}


class LiveTable(Watcher):
    """Draws a row for each epoch, with the best one marked, and a bar for the current epoch."""

    def __init__(self, console: Console) -> None:
        """Draw nothing yet."""
        self._console = console
        # Epochs with their seconds, which are None for epochs before the run resumed.
        self._rows: list[tuple[EpochMetrics, float | None]] = []
        self._step: Step | None = None
        self._steps_before = 0
        self._began = self._epoch_began = 0.0
        self._is_over = False
        self._live = Live(get_renderable=self._drawn, console=console, refresh_per_second=4)

    def stop(self) -> None:
        """Leave the whole table on the screen."""
        self._is_over = True
        self._live.stop()

    def on_begin(self, history: Sequence[EpochMetrics]) -> None:
        """Show the earlier epochs."""
        self._rows = [(metrics, None) for metrics in history]
        self._began = self._epoch_began = perf_counter()
        self._live.start(refresh=bool(history))

    def on_step(self, step: Step) -> None:
        """Move the bar."""
        if self._step is None:
            self._steps_before = step.done - 1
        self._step = step

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """Add a row."""
        now = perf_counter()
        self._rows.append((metrics, now - self._epoch_began))
        self._epoch_began = now

    def on_end(self) -> None:
        """Leave the whole table on the screen; stages that follow are drawn below it."""
        self.stop()

    def _drawn(self) -> RenderableType:
        parts: list[RenderableType] = [self._table()] if self._rows else []
        if self._step and not self._is_over:
            parts.append(self._progress(self._step))
        return Group(*parts)

    def _table(self) -> Table:
        # Rich never measures a table as wider than the width that it is given.
        unlimited = self._console.options.update(width=_UNLIMITED)
        for layout in _LAYOUTS:
            table = self._table_in(layout)
            if Measurement.get(self._console, unlimited, table).maximum <= self._console.width:
                break
        return table

    def _table_in(self, layout: _Layout) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        terms = list(self._rows[-1][0].terms)
        shown = [_SHORT.get(name, name) if layout.is_short else name for name in terms]
        rate = ["rate"] if layout.has_rate else []
        scores = [TITLES[name] for name in self._rows[-1][0].scores]
        for name in ("epoch", "loss", *shown, *scores, *rate, "time", ""):
            table.add_column(name, justify="right", no_wrap=True)
        best = best_epoch([metrics for metrics, _ in self._rows])
        for metrics, seconds in self._visible():
            is_best = metrics is best
            cells = [*_cells(metrics, terms, layout), _time(seconds), "best" if is_best else ""]
            table.add_row(*cells, style="bold" if is_best else "")
        return table

    def _visible(self) -> list[tuple[EpochMetrics, float | None]]:
        """Return all rows at the end of the run; before that, the last rows that fit the screen."""
        room = max(1, self._console.height - _OTHER_LINES)
        return self._rows if self._is_over else self._rows[-room:]

    def _progress(self, step: Step) -> RenderableType:
        """Draw the current epoch, and the time left for it and for the run."""
        epoch = min((step.done - 1) // step.per_epoch + 1, step.epochs)
        done = step.done - (epoch - 1) * step.per_epoch
        per_step = (perf_counter() - self._began) / (step.done - self._steps_before)
        of_epoch = clock(per_step * (step.per_epoch - done))
        of_run = clock(per_step * (step.per_epoch * step.epochs - step.done))
        line = Table.grid(padding=(0, 1))
        line.add_row(
            f"epoch {epoch} of {step.epochs}",
            ProgressBar(total=step.per_epoch, completed=done, width=BAR_WIDTH),
            f"{done:,}/{step.per_epoch:,} batches; left {of_epoch}, in all {of_run}",
        )
        return line


def _cells(metrics: EpochMetrics, terms: Sequence[str], layout: _Layout) -> list[str]:
    losses = [metrics.loss, *(metrics.terms.get(name) for name in terms)]
    rate = metrics.learning_rate
    return [
        str(metrics.epoch),
        *("" if value is None else f"{value:.{layout.digits}f}" for value in losses),
        *(f"{value:.4f}" for value in metrics.scores.values()),
        *(["" if rate is None else f"{rate:.1e}"] if layout.has_rate else []),
    ]


def _time(seconds: float | None) -> str:
    return "before" if seconds is None else clock(seconds)


@contextmanager
def watched(tensorboard: str | None = None, in_lines: bool = True) -> Iterator[Watcher]:
    """Yield a watcher that draws on standard error if it is a terminal, and else prints lines.

    Args:
        tensorboard: a folder to log into for TensorBoard as well.
        in_lines: False prints nothing if standard error is not a terminal.

    Raises:
        MissingExtraError: `tensorboard` is given, but TensorBoard is not installed.
        InputError: TensorBoard's folder is a file.
    """
    with ExitStack() as stack:
        watchers: list[Watcher] = []
        if tensorboard:
            log = TensorBoardLog(tensorboard)
            stack.callback(log.close)
            watchers.append(log)
        console = terminal()
        if console:
            table = LiveTable(console)
            stack.callback(table.stop)
            watchers += [Bars(console), table]
        elif in_lines:
            watchers.append(Lines())
        yield Watchers(watchers)
