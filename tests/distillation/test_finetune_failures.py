"""A fine-tuning that diverges or cannot write raises one sentence and leaves no teacher."""

from __future__ import annotations

from errno import ENOSPC

import pytest
import torch
from safetensors import SafetensorError
from tiny_finetuning import CONFIG, LABELS, TRAIN, VALID, write_csv
from transformers import Trainer
from watchers import EachEpoch

from dixtill.cli import main
from dixtill.distillation.fine_tuning import trainer as teacher_trainer
from dixtill.distillation.fine_tuning.checkpoints import saving
from dixtill.distillation.fine_tuning.finetune import finetune, load_base, save_teacher
from dixtill.errors import InputError

pytestmark = pytest.mark.slow


def test_a_training_that_diverges_stops_and_keeps_the_epochs_before(
    bert_base, tmp_path, monkeypatch
):
    step = Trainer.training_step

    def diverging(trainer: Trainer, *given, **named) -> torch.Tensor:
        loss = step(trainer, *given, **named)
        return loss * float("nan") if trainer.state.global_step == 5 else loss

    monkeypatch.setattr(Trainer, "training_step", diverging)
    sentence = r"the loss of step 6 \(nan\) is not finite; choose a lower learning rate than 0.001"
    with pytest.raises(InputError, match=sentence):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert [path.name for path in (tmp_path / "out.unfinished").glob("checkpoint-*")] == [
        "checkpoint-4"
    ]
    monkeypatch.undo()
    watcher = EachEpoch()
    finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out", watcher)
    assert [metrics.epoch for metrics in watcher.history] == [1]


def test_a_learning_rate_that_is_far_too_high_is_one_sentence(bert_base, tmp_path, capsys):
    arguments = [
        "--base", str(bert_base), "--out", str(tmp_path / "out"),
        "--train", write_csv(tmp_path / "train.csv", TRAIN),
        "--valid", write_csv(tmp_path / "valid.csv", VALID), "--batch-size", "4",
    ]  # fmt: skip
    assert main(["finetune", *arguments, "--learning-rate", "1e38"]) == 2
    assert "choose a lower learning rate than 1e+38" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    # No epoch was finished, so nothing prevents the next attempt.
    assert main(["finetune", *arguments, "--learning-rate", "1e-4", "--epochs", "1"]) == 0


FULL = {  # as safetensors, PyTorch and the system say it
    "save_model": SafetensorError("I/O error: No space left on device (os error 28)"),
    "_save_optimizer_and_scheduler": RuntimeError("PytorchStreamWriter failed writing file"),
    "_save_rng_state": OSError(ENOSPC, "No space left on device", "checkpoint-4/rng_state.pth"),
}


@pytest.mark.parametrize("method", FULL)
def test_a_full_disk_is_one_sentence_and_what_was_there_stays(
    bert_base, tmp_path, monkeypatch, capsys, method
):
    saves, save = [], getattr(Trainer, method)

    def full_later(*given: object, **named: object) -> None:
        saves.append(given)
        if len(saves) == 2:
            raise FULL[method]
        save(*given, **named)

    arguments = [
        "finetune", "--base", str(bert_base), "--out", str(tmp_path / "out"),
        "--train", write_csv(tmp_path / "train.csv", TRAIN),
        "--valid", write_csv(tmp_path / "valid.csv", VALID), "--epochs", "2",
    ]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, method, full_later)
        assert main(arguments) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("dixtill: ")
    assert "cannot be written" in error or "No space left on device" in error
    last = teacher_trainer.last_checkpoint(tmp_path / "out.unfinished")
    assert last == str(tmp_path / "out.unfinished" / "checkpoint-1")
    assert main(arguments) == 0


def test_a_teacher_that_cannot_be_saved_is_one_sentence(bert_base, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise FULL["save_model"]

    model, tokenizer = load_base(bert_base, LABELS, 0)
    monkeypatch.setattr(model, "save_pretrained", full)
    with pytest.raises(OSError, match=r"cannot be written, .*No space left on device"):
        save_teacher(model, tokenizer, tmp_path / "teacher")


def test_a_teacher_of_nan_is_not_saved(bert_base, tmp_path):
    model, tokenizer = load_base(bert_base, LABELS, 0)
    model.classifier.bias.data[0] = float("nan")
    with pytest.raises(InputError, match=r"parameters 'classifier.bias' of the teacher are not"):
        save_teacher(model, tokenizer, tmp_path / "teacher")
    assert not (tmp_path / "teacher").exists()


@pytest.mark.parametrize("error", [RuntimeError, SafetensorError, Exception])
def test_an_error_of_a_library_that_cannot_write_names_the_folder(tmp_path, error):
    sentence = r"cannot be written, .* \(file write failed\)"
    with pytest.raises(OSError, match=sentence) as caught, saving(tmp_path):
        raise error("file write failed")
    assert caught.value.filename == str(tmp_path)


@pytest.mark.parametrize("error", [TypeError, KeyError, NotImplementedError, InputError, OSError])
def test_a_programs_own_error_while_it_saves_stays_what_it_is(tmp_path, error):
    own = error("a fault")
    with pytest.raises(error) as caught, saving(tmp_path):
        raise own
    assert caught.value is own
