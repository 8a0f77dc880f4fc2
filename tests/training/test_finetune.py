"""Fine-tuning on tiny random models: labels, resuming, whole or not at all, and refusals."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_teachers
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, ByT5Tokenizer
from watchers import EachEpoch

from dixtill.claim import held
from dixtill.cli import main
from dixtill.errors import InputError
from dixtill.training import attention
from dixtill.training.corpus import Corpus
from dixtill.training.finetune import finetune, load_base, score_teacher
from dixtill.training.teacher import Teacher
from dixtill.training.teacher_trainer import FinetuneConfig

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


class Killed(BaseException):
    """Ends a run as a signal would: nothing that catches errors catches it."""


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
    # The base is known by its contents: a copy is the same, and other weights in place are not.
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
    with pytest.raises(InputError, match="something else, not an unfinished run"):
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
    """With a body that hardly moves, the head moves as the factor says."""
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
    assert "label '1' is none of up" in capsys.readouterr().err
