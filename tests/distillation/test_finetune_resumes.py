"""A killed fine-tuning resumes, and folders with anything else are left alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_teachers
import torch
from tiny_finetuning import CONFIG, LABELS, TRAIN, VALID, save_base, weights
from watchers import EachEpoch

from dixtill.claim import held
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.fine_tuning import trainer as teacher_trainer
from dixtill.distillation.fine_tuning.finetune import finetune
from dixtill.distillation.finetune_config import FinetuneConfig
from dixtill.errors import InputError

pytestmark = pytest.mark.slow

THREE = replace(CONFIG, epochs=3)


class Killed(BaseException):
    """Ends a run as a signal would: it is not an Exception, so nothing catches it."""


def run_until_killed(base, out):
    """Fine-tune, and be killed in the second epoch: the first one has its checkpoint."""

    def kill(metrics):
        if metrics.epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        finetune(base, TRAIN, VALID, CONFIG, out, EachEpoch(kill))


def test_a_killed_run_resumes_and_ends_as_if_it_had_not_been_killed(bert_base, tmp_path):
    finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "whole")

    run_until_killed(bert_base, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out.unfinished" / "checkpoint-8").mkdir()  # as if killed while writing it
    watcher = EachEpoch()
    finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out", watcher)
    assert [metrics.epoch for metrics in watcher.history] == [1]
    assert [metrics.epoch for metrics in watcher.epochs] == [2]
    expected, resumed = weights(tmp_path / "whole"), weights(tmp_path / "out")
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


@pytest.fixture
def stopped(bert_base, tmp_path) -> dict[Path, bytes]:
    """The files of an unfinished run of three epochs that was killed in its last."""

    def kill(metrics) -> None:
        if metrics.epoch == 3:
            raise Killed

    with pytest.raises(Killed):
        finetune(bert_base, TRAIN, VALID, THREE, tmp_path / "out", EachEpoch(kill))
    unfinished = tmp_path / "out.unfinished"
    return {path: path.read_bytes() for path in unfinished.rglob("*") if path.is_file()}


def test_each_file_of_an_unfinished_run_may_be_cut(bert_base, tmp_path, stopped, monkeypatch):
    """It resumes from the previous epoch, starts again, or raises an InputError."""
    started_from: list[str | None] = []
    last_checkpoint = teacher_trainer.last_checkpoint

    def stop(folder: Path) -> None:
        started_from.append(last_checkpoint(folder))
        raise Killed

    monkeypatch.setattr(teacher_trainer, "last_checkpoint", stop)
    unfinished = tmp_path / "out.unfinished"
    checkpoints = sorted(unfinished.glob("checkpoint-*"), key=lambda path: int(path.name[11:]))
    assert len(checkpoints) == 2
    for path, content in stopped.items():
        shutil.rmtree(unfinished)
        for other, whole in stopped.items():
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_bytes(whole)
        path.write_bytes(content[: len(content) // 2])
        expected = InputError if path.name == "run.json" else Killed
        with pytest.raises(expected) as raised:
            finetune(bert_base, TRAIN, VALID, THREE, tmp_path / "out")
        if path.name == "run.json":
            assert "run.json is damaged, so the contents of" in str(raised.value)
        elif path.parent == checkpoints[1]:
            assert started_from[-1] == str(checkpoints[0])
            assert not checkpoints[1].exists()
        else:
            assert started_from[-1] in (str(checkpoints[1]), None)


def test_a_run_that_lost_its_last_checkpoint_ends_as_if_it_had_not(bert_base, tmp_path, stopped):
    finetune(bert_base, TRAIN, VALID, THREE, tmp_path / "whole")
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (tmp_path / "out.unfinished").rename(moved / "out.unfinished")
    last = max(moved.glob("*/checkpoint-*"), key=lambda path: int(path.name[11:]))
    (last / "optimizer.pt").write_bytes(b"PK")
    watcher = EachEpoch()
    finetune(bert_base, TRAIN, VALID, THREE, moved / "out", watcher)
    assert [metrics.epoch for metrics in watcher.history] == [1]
    expected, resumed = weights(tmp_path / "whole"), weights(moved / "out")
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


def test_the_best_epoch_is_found_where_the_run_was_moved_to(bert_base, tmp_path):
    wrong = Corpus(VALID.texts, tuple(1 - label for label in VALID.labels), LABELS)
    config = FinetuneConfig(epochs=4, learning_rate=3e-3, batch_size=4, max_length=32)
    expected = finetune(bert_base, TRAIN, wrong, config, tmp_path / "whole")

    def kill(metrics) -> None:
        if metrics.epoch == 4:
            raise Killed

    with pytest.raises(Killed):
        finetune(bert_base, TRAIN, wrong, config, tmp_path / "out", EachEpoch(kill))
    (tmp_path / "out.unfinished").rename(tmp_path / "moved.unfinished")
    assert finetune(bert_base, TRAIN, wrong, config, tmp_path / "moved") == expected


def test_an_unfinished_run_of_other_settings_is_refused(bert_base, tmp_path):
    run_until_killed(bert_base, tmp_path / "out")
    other = replace(CONFIG, epochs=3)
    with pytest.raises(InputError, match="unfinished run with another epochs; delete it or choose"):
        finetune(bert_base, TRAIN, VALID, other, tmp_path / "out")
    # The base is identified by its contents: a copy is the same, other weights in place are not.
    model, _ = tiny_teachers.build("bert")
    model.base_model.embeddings.word_embeddings.weight.data[5] += 0.5
    model.base_model.save_pretrained(bert_base)
    with pytest.raises(InputError, match="unfinished run with another base; delete it or choose"):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")
    copy = save_base("bert", tmp_path / "copy")
    scores = finetune(copy, TRAIN, VALID, CONFIG, tmp_path / "out")
    assert scores == finetune(copy, TRAIN, VALID, CONFIG, tmp_path / "uninterrupted")


def test_a_folder_that_is_taken_is_refused_before_any_work(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        finetune(tmp_path / "absent", TRAIN, VALID, CONFIG, tmp_path / "out")


def test_a_foreign_folder_of_the_unfinished_name_is_left_alone(bert_base, tmp_path):
    (tmp_path / "out.unfinished").mkdir()
    (tmp_path / "out.unfinished" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="other files, not an unfinished run"):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")
    assert (tmp_path / "out.unfinished" / "notes.txt").read_text() == "mine"


def test_the_leftover_of_a_killed_write_is_not_a_foreign_file(bert_base, tmp_path):
    (tmp_path / "out.unfinished").mkdir()
    (tmp_path / "out.unfinished" / ".dixtill-0123456789abcdef.tmp").write_bytes(b'{"base')
    finetune(bert_base, TRAIN, VALID, replace(CONFIG, epochs=1), tmp_path / "out")
    assert not (tmp_path / "out.unfinished").exists()


def test_a_run_in_another_process_is_left_alone(bert_base, tmp_path):
    with (
        held(tmp_path / "out.unfinished"),
        pytest.raises(InputError, match="is in use; wait until"),
    ):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")
