"""A training that was stopped, diverged or filled the disk resumes with the same bits."""

from __future__ import annotations

from errno import ENOSPC
from pathlib import Path

import pytest
import torch
from toy_training import CONFIG, Stopped, new_student, new_trainer, read_log, trained, weights
from watchers import EachEpoch

from dixtill.distillation.progress.metrics import EpochMetrics
from dixtill.distillation.student import run_folder
from dixtill.distillation.student.examples import Batch
from dixtill.errors import InputError


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path, stop_after):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == stop_after:
            raise Stopped

    expected = trained(tmp_path / "whole")
    with pytest.raises(Stopped):
        new_trainer(tmp_path / "stopped").run(EachEpoch(stop))
    resumed = new_trainer(tmp_path / "stopped", student=new_student(seed=9))
    torch.rand(7)  # other code draws in between
    watcher = EachEpoch()
    resumed.run(watcher)
    assert watcher.history + watcher.epochs == read_log(tmp_path / "whole")
    assert len(watcher.history) == stop_after
    steps = range(4 * stop_after + 1, 4 * CONFIG.epochs + 1)
    assert watcher.steps == [(step, 4, CONFIG.epochs) for step in steps]
    assert weights(resumed) == expected
    logs = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "stopped")]
    assert logs[0] == logs[1]


def test_a_finished_run_is_not_trained_again(tmp_path):
    expected = trained(tmp_path)
    again = new_trainer(tmp_path, student=new_student(seed=9))

    watcher = EachEpoch()
    best = again.run(watcher)
    assert (watcher.history, watcher.steps, watcher.epochs) == (read_log(tmp_path), [], [])
    assert weights(again) == expected
    assert not again.student.training
    assert best == max(read_log(tmp_path), key=lambda m: (m.accuracy + m.macro_f1, -m.epoch))


def test_a_run_from_before_losses_were_kept_by_term_goes_on_to_the_same_bits(tmp_path):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == 2:
            raise Stopped

    expected = trained(tmp_path / "whole")
    with pytest.raises(Stopped):
        new_trainer(tmp_path / "old").run(EachEpoch(stop))
    checkpoint = tmp_path / "old" / "checkpoint.pt"
    state = torch.load(checkpoint, weights_only=True)
    names = ("epoch", "loss", "scores", "quality")
    state["history"] = [{name: row[name] for name in names} for row in state["history"]]
    torch.save(state, checkpoint)
    resumed = new_trainer(tmp_path / "old")
    resumed.run()
    assert weights(resumed) == expected
    has_terms = [bool(metrics.terms) for metrics in read_log(tmp_path / "old")]
    assert has_terms == [False, False, True, True]


@pytest.mark.parametrize("what", ["loss", "weights"])
def test_a_training_that_diverges_stops_and_keeps_the_epochs_before(tmp_path, what):
    expected = trained(tmp_path / "whole")
    trainer = new_trainer(tmp_path / "run")
    step, steps = trainer._train_step, []

    def diverging(batch: Batch) -> dict[str, float]:
        steps.append(batch)
        if len(steps) == 8:  # the last of the second epoch
            if what == "loss":
                batch = batch._replace(teacher_logits=batch.teacher_logits / 0)
            losses = step(batch)
            trainer.student.head.bias.data[0] = float("inf")
            return losses
        return step(batch)

    trainer._train_step = diverging
    sentence = {
        "loss": r"a loss of epoch 2 \(loss nan, .*kl nan, .*\) is not finite; choose a lower learn",
        "weights": r"parameters 'head.bias' of the student are not all finite; .* lower learn",
    }
    with pytest.raises(InputError, match=sentence[what]):
        trainer.run()
    assert len(read_log(tmp_path / "run")) == 1
    resumed = new_trainer(tmp_path / "run")
    resumed.run()
    assert weights(resumed) == expected


def test_a_full_disk_leaves_the_epoch_before(tmp_path, monkeypatch):
    expected = trained(tmp_path / "whole")
    write_whole, written = run_folder.write_whole, []

    def full(path: Path, content: bytes) -> None:
        written.append(path.name)
        if written.count("checkpoint.pt") == 3:
            raise OSError(ENOSPC, "No space left on device", str(path))
        write_whole(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "write_whole", full)
        with pytest.raises(OSError, match="No space left on device"):
            trained(tmp_path / "run")
    resumed = new_trainer(tmp_path / "run")
    assert len(resumed.history) == 2
    resumed.run()
    assert weights(resumed) == expected
