"""Fine-tunes tiny random models: what they learn, what is saved, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_finetuning import CONFIG, LABELS, TRAIN, VALID, save_base, weights, write_csv
from watchers import EachEpoch

from dixtill.cli import main
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.fine_tuning.finetune import finetune, load_base, score_teacher
from dixtill.distillation.finetune_config import FinetuneConfig
from dixtill.distillation.teacher import attention
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture(params=["bert", "qwen2"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return save_base(request.param, tmp_path / "base")


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


@pytest.mark.parametrize("change", [{"epochs": 0}, {"learning_rate": 0.0}, {"warmup": 1.0}])
def test_settings_out_of_range_are_named(change):
    with pytest.raises(InputError, match=next(iter(change))):
        FinetuneConfig(**change)


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
