"""What is seen of a run: lines in a log, a table on a terminal, events for TensorBoard."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from dixtill.commands import training_display
from dixtill.commands.training_display import Table, watched
from dixtill.errors import MissingExtraError
from dixtill.training.run_folder import EpochMetrics

EPOCHS = [
    EpochMetrics(1, 2.5, 0.7, 0.6, {"task": 0.5, "kl": 2.0}, 3e-3),
    EpochMetrics(2, 1.25, 0.9, 0.85, {"task": 0.25, "kl": 1.0}, 1.5e-3),
    EpochMetrics(3, 1.0, 0.875, 0.8, {"task": 0.25, "kl": 0.75}, 1e-6),
]


def test_a_log_has_one_line_an_epoch(capsys):
    with watched("training") as watcher:
        for step in range(1, 4):
            watcher.on_step(step, 3)
        for metrics in EPOCHS[:2]:
            watcher.on_epoch(metrics)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "epoch   1  loss 2.5000 (task 0.5000, kl 2.0000)  accuracy 0.7000  macro-F1 0.6000",
        "epoch   2  loss 1.2500 (task 0.2500, kl 1.0000)  accuracy 0.9000  macro-F1 0.8500",
    ]


def drawn(upto: int, steps: int) -> list[str]:
    """The last picture that a terminal of a hundred columns holds, line by line."""
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=100, color_system=None)
    table = Table(console, "training")
    for step in range(steps - 2, steps + 1):
        table.on_step(step, 9)
    for metrics in EPOCHS[:upto]:
        table.on_epoch(metrics)
    table.stop()
    last = output.getvalue().rpartition("epoch")
    return [line.rstrip() for line in (last[1] + last[2]).splitlines()]


def test_a_terminal_has_a_row_an_epoch_the_best_one_marked_and_the_steps_done():
    head, first, second, third, bar, *_ = drawn(3, 9)
    assert head.split() == [
        "epoch", "loss", "task", "kl", "accuracy", "macro-F1", "rate", "time",
    ]  # fmt: skip
    assert first.split()[:7] == ["1", "2.5000", "0.5000", "2.0000", "0.7000", "0.6000", "3.0e-03"]
    assert [row.endswith("best") for row in (first, second, third)] == [False, True, False]
    assert bar.startswith("training")
    assert "9/9 steps" in bar


def test_a_run_that_goes_on_shows_the_steps_of_the_whole():
    assert any("5/9 steps" in line for line in drawn(1, 5))


def test_nothing_is_drawn_before_the_first_step():
    output = io.StringIO()
    Table(Console(file=output, force_terminal=True), "training").stop()
    assert output.getvalue() == ""


def test_a_terminal_is_what_rich_takes_for_one(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    output = io.StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    with watched("training") as watcher:
        watcher.on_step(1, 9)
        watcher.on_epoch(EPOCHS[0])
    assert "macro-F1" in output.getvalue()
    assert "epoch   1  loss" not in output.getvalue()


def test_tensorboard_has_every_loss_and_score_by_epoch(tmp_path):
    pytest.importorskip("tensorboard", reason="it is TensorBoard that reads the events")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with watched("training", str(tmp_path)) as watcher:
        for metrics in EPOCHS:
            watcher.on_epoch(metrics)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {
        "loss/total", "loss/task", "loss/kl", "validation/accuracy", "validation/macro-F1",
        "learning rate",
    }  # fmt: skip
    read = [(event.step, event.value) for event in events.Scalars("loss/kl")]
    assert read == [(metrics.epoch, metrics.terms["kl"]) for metrics in EPOCHS]


def test_without_tensorboard_one_sentence_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"dixtill\[tensorboard\]"):
        training_display.watched("training", str(tmp_path)).__enter__()
