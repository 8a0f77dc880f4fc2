"""Tests how a run is shown: lines in a log, a table on a terminal, events for TensorBoard."""

from __future__ import annotations

import importlib.util
import io
import re
import sys

import pytest
from rich.console import Console

from dixtill.distillation.progress.bars import bars_on_terminal
from dixtill.distillation.progress.live_table import LiveTable, watched
from dixtill.distillation.progress.metrics import EpochMetrics
from dixtill.distillation.progress.watcher import Step, Watcher
from dixtill.errors import InputError, MissingExtraError


def epoch_of(
    epoch: int, loss: float, accuracy: float, macro_f1: float, *more, quality: float | None = None
) -> EpochMetrics:
    scores = {"accuracy": accuracy, "macro_f1": macro_f1}
    return EpochMetrics(epoch, loss, scores, quality or accuracy + macro_f1, *more)


ALL_TERMS = {"task": 0.5, "kl": 2.0, "explanation": 0.25, "additivity": 0.125}
EPOCHS = [
    epoch_of(1, 2.5, 0.7, 0.6, {"task": 0.5, "kl": 2.0}, 3e-3),
    epoch_of(2, 1.25, 0.9, 0.85, {"task": 0.25, "kl": 1.0}, 1.5e-3),
    epoch_of(3, 1.0, 0.875, 0.86, {"task": 0.25, "kl": 0.75}, 1e-6),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_has_one_line_an_epoch_and_nothing_else(capsys):
    with watched() as watcher:
        watcher.on_begin(EPOCHS[:1])
        for step in range(4, 10):
            watcher.on_step(Step(step, 3, 3))
        for metrics in EPOCHS[1:]:
            watcher.on_epoch(metrics)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "epoch   2  loss 1.2500 (task 0.2500, kl 1.0000)  accuracy 0.9000  macro-F1 0.8500",
        "epoch   3  loss 1.0000 (task 0.2500, kl 0.7500)  accuracy 0.8750  macro-F1 0.8600",
    ]


@pytest.mark.parametrize("name", ["FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"])
def test_a_pipe_is_not_a_terminal_whatever_the_environment_says(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    output = io.StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    with watched() as watcher:
        with watcher.bar("reading", 10, "texts") as advance, watcher.stage("waiting"):
            advance(10)
        watcher.on_begin([])
        watcher.on_epoch(EPOCHS[0])
    assert output.getvalue().startswith("epoch   1  loss")
    assert output.getvalue().count("\n") == 1


def test_a_terminal_that_cannot_draw_lines_anew_has_lines(monkeypatch):
    output = Terminal()
    monkeypatch.setattr(sys, "stderr", output)
    monkeypatch.setenv("TERM", "dumb")
    with watched() as watcher:
        watcher.on_begin([])
        watcher.on_epoch(EPOCHS[0])
    assert output.getvalue().startswith("epoch   1  loss")


class Screen:
    """A terminal of the given size, and a table on it that no thread redraws."""

    def __init__(self, width: int = 110, height: int = 40) -> None:
        self._output = io.StringIO()
        console = Console(
            file=self._output, force_terminal=True, width=width, height=height, color_system=None
        )
        self.table = LiveTable(console)
        self.table._live.auto_refresh = False

    def drawn(self) -> list[str]:
        """The lines of one more refresh."""
        start = len(self._output.getvalue())
        self.table._live.refresh()
        return self._lines(start)

    def left(self) -> list[str]:
        """The lines that stay at the end."""
        start = len(self._output.getvalue())
        self.table.stop()
        return self._lines(start)

    def _lines(self, start: int) -> list[str]:
        lines = self._output.getvalue()[start:].rpartition("\x1b[2K")[2].splitlines()
        return [line.rstrip() for line in lines if line.strip("\x1b[?25hl \r")]


def test_a_row_an_epoch_the_best_one_marked_and_a_bar_of_the_epoch_that_runs():
    screen = Screen()
    screen.table.on_begin([])
    for metrics in EPOCHS[:2]:
        screen.table.on_epoch(metrics)
    screen.table.on_step(Step(1_250, 500, 3))
    head, first, second, bar = screen.drawn()
    assert head.split() == [
        "epoch", "loss", "task", "kl", "accuracy", "macro-F1", "rate", "time",
    ]  # fmt: skip
    assert first.split() == [
        "1", "2.5000", "0.5000", "2.0000", "0.7000", "0.6000", "3.0e-03", "0:00",
    ]  # fmt: skip
    assert second.endswith("best")
    assert bar.startswith("epoch 3 of 3 ━")
    assert "250/500 batches" in bar
    screen.table.on_epoch(EPOCHS[2])
    _, *rows, third = screen.left()
    assert [row.endswith("best") for row in rows] == [False, True]
    assert not third.endswith("best")
    assert third.split()[0] == "3"


def test_the_time_left_follows_from_the_steps_of_this_process(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("dixtill.distillation.progress.live_table.perf_counter", lambda: now[0])
    screen = Screen()
    screen.table.on_begin(EPOCHS[:1])
    for step in range(11, 15):
        now[0] += 6.0
        screen.table.on_step(Step(step, 10, 4))
    assert "4/10 batches; left 0:36, in all 2:36" in screen.drawn()[-1]
    now[0] += 45.0
    screen.table.on_epoch(EPOCHS[1])
    assert "1:09" in screen.left()[-1]


def test_a_run_that_goes_on_shows_its_earlier_epochs_and_marks_the_best_of_all():
    screen = Screen()
    screen.table.on_begin(EPOCHS[:2])
    screen.table.on_epoch(EPOCHS[2])
    _, first, second, third = screen.left()
    assert "before" in first
    assert second.split()[-2:] == ["before", "best"]
    assert "before" not in third
    assert "best" not in third


def test_the_best_epoch_is_that_of_the_best_quality_whatever_the_scores_are():
    screen = Screen()
    screen.table.on_begin(
        [
            EpochMetrics(n, 1.0, {"mean_absolute_error": n / 8, "pearson": 0.5}, -n / 8)
            for n in (2, 1)
        ]
    )
    head, *rows = screen.left()
    assert head.split()[2:6] == ["mean", "absolute", "error", "Pearson"]
    assert [row.split()[2] for row in rows] == ["0.2500", "0.1250"]
    assert [row.endswith("best") for row in rows] == [False, True]


@pytest.mark.parametrize("width", [200, 100, 90, 80, 75])
def test_no_number_is_cut_off(width):
    screen = Screen(width=width)
    screen.table.on_begin([])
    screen.table.on_epoch(epoch_of(1, 2.5, 0.7, 0.6, ALL_TERMS, 3e-3))
    head, row = screen.left()
    assert "…" not in head + row
    numbers = [float(cell) for cell in row.split()[:8]]
    assert numbers == [1, 2.5, 0.5, 2.0, 0.25, 0.125, 0.7, 0.6]
    assert ("additivity" in head) == (width >= 100)


def test_the_screen_shows_the_last_epochs_and_keeps_all_at_the_end():
    screen = Screen(height=12)
    screen.table.on_begin([])
    for epoch in range(1, 31):
        screen.table.on_step(Step(10 * epoch, 10, 40))
        screen.table.on_epoch(epoch_of(epoch, 1 / epoch, 0.5, 0.5))
    *_, last, bar = screen.drawn()
    assert last.split()[0] == "30"
    assert bar.startswith("epoch 30 of 40")
    assert [row.split()[0] for row in screen.left()[1:]] == [str(n) for n in range(1, 31)]


def test_the_cursor_comes_back_after_an_error(monkeypatch):
    output = Terminal()
    monkeypatch.setattr(sys, "stderr", output)
    monkeypatch.setenv("TERM", "xterm")

    def stop() -> None:
        with watched() as watcher:
            watcher.on_begin(EPOCHS[:1])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    hidden, shown = (output.getvalue().rindex(code) for code in ("\x1b[?25l", "\x1b[?25h"))
    assert shown > hidden


def test_a_stage_has_a_bar_with_its_units(monkeypatch):
    output = Terminal()
    monkeypatch.setattr(sys, "stderr", output)
    monkeypatch.setenv("TERM", "xterm")
    with bars_on_terminal().bar("reading [all]", 1_000, "texts", done=400) as advance:
        advance(600)
    assert "reading [all]" in output.getvalue()
    assert "1000/1000 texts; 0:00" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output.getvalue())
    with Watcher().bar("reading", 10, "texts") as advance:
        advance(10)
    assert "10/10" not in output.getvalue()


@pytest.fixture
def accumulated():
    pytest.importorskip("tensorboard", reason="it is TensorBoard that reads the events")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def read(folder) -> EventAccumulator:
        events = EventAccumulator(str(folder))
        events.Reload()
        return events

    return read


def test_tensorboard_has_every_loss_and_score_by_epoch(tmp_path, accumulated):
    with watched(str(tmp_path)) as watcher:
        watcher.on_begin([])
        for metrics in EPOCHS:
            watcher.on_epoch(metrics)
    events = accumulated(tmp_path)
    assert set(events.Tags()["scalars"]) == {
        "loss/total", "loss/task", "loss/kl", "validation/accuracy", "validation/macro-F1",
        "learning rate",
    }  # fmt: skip
    read = [(event.step, event.value) for event in events.Scalars("loss/kl")]
    assert read == [(metrics.epoch, metrics.terms["kl"]) for metrics in EPOCHS]


def test_tensorboard_has_each_epoch_of_a_stopped_run_once(tmp_path, accumulated):
    with watched(str(tmp_path)) as watcher:
        watcher.on_begin([])
        watcher.on_epoch(EPOCHS[0])
    with watched(str(tmp_path)) as watcher:
        watcher.on_begin(EPOCHS[:1])
        for metrics in EPOCHS[1:]:
            watcher.on_epoch(metrics)
    read = [(event.step, event.value) for event in accumulated(tmp_path).Scalars("loss/total")]
    assert read == [(metrics.epoch, metrics.loss) for metrics in EPOCHS]


def test_without_tensorboard_one_sentence_names_the_extra(tmp_path, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "dixtill.extras.find_spec",
        lambda name: None if name == "tensorboard" else find_spec(name),
    )
    with pytest.raises(MissingExtraError, match=r"dixtill\[tensorboard\]"):
        watched(str(tmp_path / "log")).__enter__()
    assert not (tmp_path / "log").exists()


def test_a_log_cannot_be_written_into_a_file(tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "log").write_text("")
    with pytest.raises(InputError, match="log is a file"):
        watched(str(tmp_path / "log")).__enter__()
