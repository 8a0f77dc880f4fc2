"""Fine-tunes tiny random models: labels, resuming, complete output or none, and errors."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path

import pytest
import tiny_teachers
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    ByT5Tokenizer,
    Trainer,
)
from watchers import EachEpoch

from dixtill.claim import held
from dixtill.cli import main
from dixtill.distillation.config import FinetuneConfig
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.fine_tuning import trainer as teacher_trainer
from dixtill.distillation.fine_tuning.checkpoints import saving
from dixtill.distillation.fine_tuning.finetune import (
    finetune,
    load_base,
    save_teacher,
    score_teacher,
)
from dixtill.distillation.teacher import attention
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

pytestmark = pytest.mark.slow

LABELS = ("down", "up")
SUBJECTS = (
    "the bank",
    "a bank",
    "record earnings",
    "the shares",
    "its profit",
    "no change",
    "banks",
)
TRAIN = Corpus(
    tuple(f"{subject} {verb}" for subject in SUBJECTS for verb in ("fall", "jump")),
    tuple(label for _ in SUBJECTS for label in (0, 1)),
    LABELS,
)
VALID = Corpus(("shares fall", "shares jump", "profit fall", "profit jump"), (0, 1, 0, 1), LABELS)
CONFIG = FinetuneConfig(epochs=2, learning_rate=1e-3, batch_size=4, max_length=32)
THREE = replace(CONFIG, epochs=3)


class Killed(BaseException):
    """Ends a run as a signal would: it is no Exception, so nothing catches it."""


@pytest.fixture(params=["bert", "qwen2"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return save_base(request.param, tmp_path / "base")


@pytest.fixture
def bert_base(tmp_path: Path) -> Path:
    return save_base("bert", tmp_path / "base")


def save_base(kind: str, folder: Path) -> Path:
    """An encoder or decoder without a classifier's head."""
    model, tokenizer = tiny_teachers.build(kind)
    model.base_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return AutoModelForSequenceClassification.from_pretrained(folder).state_dict()


def test_the_result_is_a_teacher_with_the_labels_names_that_learned(base, tmp_path):
    config = FinetuneConfig(epochs=6, learning_rate=3e-3, batch_size=4, max_length=32)
    watcher = EachEpoch()
    scores = finetune(base, TRAIN, VALID, config, tmp_path / "out", watcher)
    epochs = watcher.epochs
    teacher = Teacher.load(tmp_path / "out")
    assert teacher.labels == LABELS
    assert scores == score_teacher(teacher, VALID)
    assert scores.accuracy == 1
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert epochs[-1].loss < epochs[0].loss
    per_epoch = -(-len(TRAIN) // config.batch_size)
    steps = range(1, 6 * per_epoch + 1)
    assert watcher.steps == [(step, per_epoch, 6) for step in steps]
    assert {path.name for path in tmp_path.iterdir()} == {"base", "out"}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_only_bfloat16_trains_with_plain_attention(bert_base, tmp_path, monkeypatch, precision):
    calls = []
    original = attention.plain_attention
    monkeypatch.setattr(
        attention,
        "plain_attention",
        lambda *args, **named: calls.append(1) or original(*args, **named),
    )
    config = replace(CONFIG, precision=precision)
    scores = finetune(bert_base, TRAIN, VALID, config, tmp_path / "out")
    assert bool(calls) == (precision == "bfloat16")
    assert scores == score_teacher(Teacher.load(tmp_path / "out"), VALID)


def test_the_best_epoch_is_kept_not_the_last(bert_base, tmp_path):
    """On validation texts with every label wrong, learning makes the scores worse."""
    wrong = Corpus(VALID.texts, tuple(1 - label for label in VALID.labels), LABELS)
    config = FinetuneConfig(epochs=4, learning_rate=3e-3, batch_size=4, max_length=32)
    watcher = EachEpoch()
    scores = finetune(bert_base, TRAIN, wrong, config, tmp_path / "out", watcher)
    epochs = watcher.epochs
    assert scores.macro_f1 == max(epoch.macro_f1 for epoch in epochs) > epochs[-1].macro_f1


def test_the_saved_tokenizer_neither_pads_nor_cuts(bert_base, tmp_path):
    finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")
    saved = json.loads((tmp_path / "out" / "tokenizer.json").read_text())
    assert saved["padding"] is None
    assert saved["truncation"] is None


def test_a_killed_run_resumes_and_ends_as_if_it_had_not_been_killed(bert_base, tmp_path):
    finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "whole")

    def kill(_):
        raise Killed

    with pytest.raises(Killed):  # in the second epoch: the first has its checkpoint
        finetune(
            bert_base, TRAIN, VALID, CONFIG, tmp_path / "out",
            EachEpoch(lambda metrics: kill(metrics) if metrics.epoch == 2 else None),
        )  # fmt: skip
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
    with pytest.raises(InputError, match=r"weights 'classifier.bias' of the teacher are not all"):
        save_teacher(model, tokenizer, tmp_path / "teacher")
    assert not (tmp_path / "teacher").exists()


def test_an_unfinished_run_of_other_settings_is_refused(bert_base, tmp_path):
    def kill(_):
        raise Killed

    with pytest.raises(Killed):  # in the second epoch: the first has its checkpoint
        finetune(
            bert_base, TRAIN, VALID, CONFIG, tmp_path / "out",
            EachEpoch(lambda metrics: kill(metrics) if metrics.epoch == 2 else None),
        )  # fmt: skip
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


def test_what_a_killed_write_left_is_no_foreign_file(bert_base, tmp_path):
    (tmp_path / "out.unfinished").mkdir()
    (tmp_path / "out.unfinished" / ".dixtill-0123456789abcdef.tmp").write_bytes(b'{"base')
    finetune(bert_base, TRAIN, VALID, replace(CONFIG, epochs=1), tmp_path / "out")
    assert not (tmp_path / "out.unfinished").exists()


def test_a_run_in_another_process_is_left_alone(bert_base, tmp_path):
    with held(tmp_path / "out.unfinished"), pytest.raises(InputError, match="another process work"):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")


def test_the_body_is_the_bases_and_the_head_is_new(bert_base):
    model, _ = load_base(bert_base, LABELS, seed=0)
    original, _ = tiny_teachers.build("bert")
    body = original.base_model.state_dict()
    assert all(torch.equal(body[k], v) for k, v in model.base_model.state_dict().items())
    assert model.classifier.out_features == 2


def test_a_classifier_of_the_same_labels_keeps_its_head_and_of_others_gets_a_new_one(tmp_path):
    model, tokenizer = tiny_teachers.build("bert")
    model.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    same = tuple(tiny_teachers.LABELS.values())
    head = model.classifier.weight
    assert torch.equal(load_base(tmp_path / "base", same, 0)[0].classifier.weight, head)
    turned = load_base(tmp_path / "base", same[::-1], 0)[0]
    assert not torch.equal(turned.classifier.weight, head)
    assert turned.config.id2label == dict(enumerate(same[::-1]))


def test_texts_are_cleaned_before_training(bert_base, tmp_path):
    def with_urls(corpus: Corpus) -> Corpus:
        texts = tuple(f"{text} https://t.co/up" for text in corpus.texts)
        return Corpus(texts, corpus.labels, corpus.label_names)

    finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "plain")
    finetune(bert_base, with_urls(TRAIN), with_urls(VALID), CONFIG, tmp_path / "urls")
    plain, urls = weights(tmp_path / "plain"), weights(tmp_path / "urls")
    assert all(torch.equal(plain[name], urls[name]) for name in plain)


def test_the_head_may_learn_faster(bert_base, tmp_path):
    """With a tiny learning rate for the body, the head learns at the rate that the factor gives."""
    config = FinetuneConfig(1, 1e-6, 1e4, 4, 32)
    finetune(bert_base, TRAIN, VALID, config, tmp_path / "out")
    before, _ = load_base(bert_base, LABELS, config.seed)
    moved = {
        name: float((tensor - before.state_dict()[name]).abs().max())
        for name, tensor in weights(tmp_path / "out").items()
    }
    assert moved["classifier.weight"] > 1e-3
    assert max(value for name, value in moved.items() if "classifier" not in name) < 1e-4


def test_no_such_base_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot load a base model from") as raised:
        finetune(tmp_path / "absent", TRAIN, VALID, CONFIG, tmp_path / "out")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out.unfinished").exists()


def test_a_base_without_a_fast_tokenizer_is_refused(bert_base, tmp_path):
    for file in bert_base.glob("tokenizer*"):
        file.unlink()
    ByT5Tokenizer().save_pretrained(bert_base)
    assert not AutoTokenizer.from_pretrained(bert_base).is_fast
    with pytest.raises(InputError, match="ByT5Tokenizer is not a fast tokenizer"):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")


def test_labels_that_do_not_match_are_refused(tmp_path):
    other = Corpus(VALID.texts, VALID.labels, ("up", "down"))
    with pytest.raises(InputError, match="have the labels down, up, the validation texts up, down"):
        finetune("base", TRAIN, other, CONFIG, tmp_path / "out")
    one = Corpus(("a",), (0,), ("up",))
    with pytest.raises(InputError, match="only the label 'up'"):
        finetune("base", one, one, CONFIG, tmp_path / "out")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "b", "b"), "label occurs twice, 'b'"),
        (("a", ""), "label 1 is empty"),
        (("a", 5), "label 1 is 5, of type int"),
        ((None, "b"), "label 0 is None"),
    ],
)
def test_unusable_labels_are_refused_before_anything_is_loaded(names, message, tmp_path):
    train = Corpus(("a", "b"), (0, 1), names)
    with pytest.raises(InputError, match=message):
        finetune("no such base", train, train, CONFIG, tmp_path / "out")


@pytest.mark.parametrize("kind", ["qwen2", "bart", "xlnet", "fnet", "bert"])
def test_a_batch_of_empty_texts_is_trained_on(kind, tmp_path):
    base = save_base(kind, tmp_path / "base")
    empty = Corpus(("", " ", "https://t.co/a", "\ud800", "up </s>", "shares"), (0, 1) * 3, LABELS)
    config = replace(CONFIG, epochs=1, batch_size=2)
    scores = finetune(base, empty, empty, config, tmp_path / "out")
    assert scores == score_teacher(Teacher.load(tmp_path / "out"), empty)


def test_a_base_without_tokenizer_files_is_refused_before_the_run(bert_base, tmp_path):
    for file in bert_base.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(InputError, match=r"the base '.*' cannot be used: its tokenizer has 5"):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")
    assert not (tmp_path / "out.unfinished").exists()


def test_a_base_keeps_no_head_that_is_no_softmax(tmp_path):
    model, tokenizer = tiny_teachers.build("bert")
    model.config.problem_type = "multi_label_classification"
    model.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    same = Corpus(VALID.texts, VALID.labels, tuple(tiny_teachers.LABELS.values()))
    with pytest.raises(InputError, match="problem_type is multi_label_classification"):
        finetune(tmp_path / "base", same, same, CONFIG, tmp_path / "out")
    other = finetune(tmp_path / "base", TRAIN, VALID, replace(CONFIG, epochs=1), tmp_path / "out")
    assert other == score_teacher(Teacher.load(tmp_path / "out"), VALID)


@pytest.mark.parametrize(
    ("num_layers", "message"),
    [
        (1, r"hold layers .* such as encoder.layer.1"),
        (3, r"lack layers .* such as encoder.layer.2"),
    ],
)
def test_a_base_of_more_or_fewer_layers_than_its_config_says_is_refused(
    num_layers, message, bert_base, tmp_path
):
    path = bert_base / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_hidden_layers": num_layers}))
    with pytest.raises(InputError, match=message):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")


def test_a_base_whose_weights_have_other_names_is_refused(bert_base, tmp_path):
    path = bert_base / "model.safetensors"
    save_file({f"other.{key}": value for key, value in load_file(path).items()}, path)
    with pytest.raises(InputError, match=r"lack layers .* such as encoder.layer.0"):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")


@pytest.mark.parametrize("change", [{"epochs": 0}, {"learning_rate": 0.0}, {"warmup": 1.0}])
def test_settings_out_of_range_are_named(change):
    with pytest.raises(InputError, match=next(iter(change))):
        FinetuneConfig(**change)


def write_csv(path: Path, corpus: Corpus) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = zip(corpus.texts, corpus.labels, strict=True)
        csv.writer(file).writerows([("text", "label"), *rows])
    return str(path)


def test_the_command_names_the_labels_and_prints_the_scores(bert_base, tmp_path, capsys):
    code = main(
        [
            "finetune",
            "--base", str(bert_base),
            "--train", write_csv(tmp_path / "train.csv", TRAIN),
            "--valid", write_csv(tmp_path / "valid.csv", VALID),
            "--out", str(tmp_path / "out"),
            "--labels", "down, up",
            "--epochs", "1",
            "--batch-size", "4",
        ]
    )  # fmt: skip
    printed = capsys.readouterr()
    assert code == 0, printed.err
    teacher = Teacher.load(tmp_path / "out")
    assert teacher.labels == LABELS
    scores = score_teacher(teacher, VALID)
    assert printed.out == (
        f"{tmp_path / 'out'}: down, up; on 4 validation texts "
        f"accuracy {scores.accuracy:.4f}, macro-F1 {scores.macro_f1:.4f}\n"
    )
    assert printed.err.startswith("epoch   1  loss ")


def test_the_command_complains_in_a_sentence(tmp_path, capsys):
    train = write_csv(tmp_path / "train.csv", TRAIN)
    arguments = ["--train", train, "--out", str(tmp_path / "out")]
    assert main(["finetune", "--base", str(tmp_path / "absent"), *arguments]) == 2
    assert "cannot load a base model" in capsys.readouterr().err
    assert main(["finetune", "--base", "x", *arguments, "--labels", "up"]) == 2
    assert "label '1' is not one of up" in capsys.readouterr().err


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
