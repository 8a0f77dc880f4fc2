"""Tests distillation from a corpus to a model: texts without labels, and resuming."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_teachers import LABELS, TEXTS, build, tiny_teacher
from torch import Tensor
from watchers import EachEpoch

from dixtill.claim import held
from dixtill.distillation import distill as distill_module
from dixtill.distillation.attribution.attributor import AttributionSettings, Attributor
from dixtill.distillation.config import DistillConfig
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.data.perturbation import perturbed_texts
from dixtill.distillation.distill import Distilled, distil
from dixtill.distillation.student.examples import Examples
from dixtill.distillation.student.trainer import StudentTrainer
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.specification.cleaning import clean
from dixtill.specification.weights import NO_NULL_SCORE

TRAIN = Corpus(
    tuple(f"{text} {ending}" for ending in ("today", "again", "now") for text in TEXTS),
    tuple(row % 3 for row in range(3 * len(TEXTS))),
    tuple(LABELS.values()),
)
VALID = Corpus(TEXTS, tuple(row % 3 for row in range(len(TEXTS))), TRAIN.label_names)
UNLABELLED = ("Profit https://t.co/x grows", "banks fall")
SIZES = {"embedding_dim": 6, "hidden_dim": 5, "attention_dim": 4, "batch_size": 8, "epochs": 3}


@pytest.fixture(scope="module")
def explained():
    """Attributions of the training texts by the tiny BERT."""
    return Attributor(tiny_teacher("bert"), AttributionSettings(steps=2))(TRAIN.texts)


@pytest.fixture
def trained_on(monkeypatch: pytest.MonkeyPatch) -> list[Examples]:
    """The examples that each trainer was given."""
    seen: list[Examples] = []

    class Recorded(StudentTrainer):
        def __init__(self, student, config, train, *rest) -> None:
            seen.append(train)
            super().__init__(student, config, train, *rest)

    monkeypatch.setattr(distill_module, "StudentTrainer", Recorded)
    return seen


def weights(distilled: Distilled) -> bytes:
    tensors = distilled.student.state_dict().values()
    return b"".join(tensor.numpy().tobytes() for tensor in tensors)


class Contrary:
    """A teacher that gives the opposite answers to the texts without labels."""

    def __init__(self, teacher) -> None:
        self._teacher = teacher
        self.fingerprint = "contrary"

    def __getattr__(self, name: str):
        return getattr(self._teacher, name)

    def predict(self, texts: Sequence[str], **settings) -> Tensor:
        logits = self._teacher.predict(texts, **settings)
        return logits if set(texts) <= set(TRAIN.texts) else -logits


def test_a_text_without_label_brings_the_teachers_answer_and_nothing_else(
    bert, tmp_path, explained, trained_on
):
    config = DistillConfig.of("dixtill", **SIZES, perturbed=1)
    distilled = distil(bert, TRAIN, VALID, config, tmp_path, explained, unlabelled=UNLABELLED)
    (examples,) = trained_on
    made = perturbed_texts(TRAIN.texts, len(TRAIN), seed=0)
    asked = [*(clean(text, config.cleaning) for text in UNLABELLED), *made]
    assert "https" not in asked[0]
    assert len(examples) == 2 * len(TRAIN) + 2
    assert examples.labels[: len(TRAIN)].tolist() == list(TRAIN.labels)
    assert set(examples.labels[len(TRAIN) :].tolist()) == {-100}
    assert not any(values.any() for values in examples.attributions[len(TRAIN) :])
    expected = bert.predict(asked)
    torch.testing.assert_close(examples.teacher_logits[len(TRAIN) :], expected)
    assert distilled.model.settings.provenance["texts_without_labels"] == len(TRAIN) + 2


def test_only_the_teacher_carries_what_unlabelled_texts_change(bert, tmp_path, explained):
    """Other answers give another student, but the same one if answers have no weight."""

    def student(teacher, name: str, **changes) -> bytes:
        config = DistillConfig.of("kl", **SIZES, **changes)
        folder = tmp_path / f"{name} {changes}"
        return weights(distil(teacher, TRAIN, VALID, config, folder, unlabelled=UNLABELLED))

    contrary = Contrary(bert)
    assert student(bert, "bert") != student(contrary, "contrary")
    assert student(bert, "bert", alpha=0.0) == student(contrary, "contrary", alpha=0.0)


def test_without_a_teacher_unlabelled_texts_are_left_out(bert, tmp_path, trained_on):
    config = DistillConfig.of("none", **SIZES)
    alone = distil(bert, TRAIN, VALID, config, tmp_path / "alone")
    more = replace(config, perturbed=2)
    other = distil(bert, TRAIN, VALID, more, tmp_path / "other", unlabelled=UNLABELLED)
    assert weights(alone) == weights(other)
    assert [len(examples) for examples in trained_on] == [len(TRAIN)] * 2
    assert other.model.settings.provenance["texts_without_labels"] == 0
    assert not (tmp_path / "other" / "answers").exists()


def test_perturbed_texts_and_answers_are_the_same_for_every_seed(bert, tmp_path, trained_on):
    config = DistillConfig.of("kl", **SIZES, perturbed=2)
    answers = tmp_path / "answers"
    for seed in (0, 1):
        distil(
            bert, TRAIN, VALID, replace(config, seed=seed), tmp_path / str(seed),
            answers_folder=answers,
        )  # fmt: skip
    first, second = trained_on
    assert [text.piece_ids for text in first.texts] == [text.piece_ids for text in second.texts]
    assert len(list(answers.iterdir())) == 1
    assert not (tmp_path / "0" / "answers").exists()


def test_a_run_folder_is_one_processs(bert, tmp_path):
    config = DistillConfig.of("kl", **SIZES, perturbed=0)
    with held(tmp_path), pytest.raises(InputError, match="another process works in"):
        distil(bert, TRAIN, VALID, config, tmp_path)
    assert list(tmp_path.iterdir()) == []
    distil(bert, TRAIN, VALID, config, tmp_path)


def test_attributions_are_made_once_the_run_folder_is_claimed(bert, tmp_path, explained):
    config = DistillConfig.of("dixtill", **SIZES, perturbed=0)
    claims = []

    def explain():
        claims.append(json.loads((tmp_path / "config.json").read_bytes())["attributions"]["layer"])
        return explained

    settings = AttributionSettings()
    distil(bert, TRAIN, VALID, config, tmp_path, explain, attributions=settings)
    assert claims == [settings.layer]
    with pytest.raises(InputError, match="need their settings"):
        distil(bert, TRAIN, VALID, config, tmp_path / "other", explain)
    other = replace(config, seed=7)
    with pytest.raises(InputError, match="with another seed"):
        distil(bert, TRAIN, VALID, other, tmp_path, explain, attributions=settings)
    assert len(claims) == 1


class Stopped(Exception):
    """Raised to stop a run, as if the machine had lost power."""


def test_a_stopped_run_with_perturbed_texts_goes_on_to_the_same_bits(bert, tmp_path, explained):
    config = DistillConfig.of("dixtill", **SIZES, perturbed=2)

    def run(name: str, watcher: EachEpoch | None = None) -> Distilled:
        folder = tmp_path / name
        return distil(
            bert, TRAIN, VALID, config, folder, explained,
            unlabelled=UNLABELLED, watcher=watcher,
        )  # fmt: skip

    def stop(metrics) -> None:
        if metrics.epoch == 2:
            raise Stopped

    whole = run("whole")
    with pytest.raises(Stopped):
        run("stopped", EachEpoch(stop))
    torch.rand(5)  # other code draws in between
    watcher = EachEpoch()
    resumed = run("stopped", watcher)
    assert [metrics.epoch for metrics in watcher.epochs] == [3]
    assert resumed.history == (*watcher.history, *watcher.epochs)
    assert weights(resumed) == weights(whole)
    logs = [(Path(tmp_path) / name / "metrics.jsonl").read_bytes() for name in ("whole", "stopped")]
    assert logs[0] == logs[1]


def other_bert() -> Teacher:
    """The tiny BERT with another head; only its answers distinguish it."""
    model, tokenizer = build("bert")
    model.classifier.weight.data *= -1
    return Teacher(model, tokenizer)


@pytest.mark.parametrize(
    ("differs", "changes"),
    [
        ("teacher", {"teacher": other_bert}),
        ("attributions", {"explained": lambda rows: [replace(rows[0], steps=9), *rows[1:]]}),
        ("attributions", {"attributions": AttributionSettings(steps=2)}),
        ("training_texts", {"train": replace(TRAIN, label_names=("x", "y", "z"))}),
        ("training_texts", {"train": replace(TRAIN, labels=TRAIN.labels[1:] + TRAIN.labels[:1])}),
        ("validation_texts", {"valid": replace(VALID, texts=(*VALID.texts[:-1], "more"))}),
        ("texts_without_labels", {"unlabelled": UNLABELLED[:1]}),
        ("precision_of_answers", {"precision": "bfloat16"}),
        ("seed, dropout", {"config": {"seed": 1, "dropout": 0.5}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_run_of_anything_else_is_refused(bert, tmp_path, explained, differs, changes):
    """Otherwise a finished run would be reused for data that it was not trained with."""
    config = DistillConfig.of("dixtill", **{**SIZES, "epochs": 1}, perturbed=1)

    def run(**changed) -> Distilled:
        parts = {
            "teacher": bert, "train": TRAIN, "valid": VALID, "config": config,
            "explained": explained, "unlabelled": UNLABELLED, **changed,
        }  # fmt: skip
        return distil(run_folder=tmp_path, **parts)

    first = run()
    changed = {
        name: value() if name == "teacher"
        else value(explained) if name == "explained"
        else replace(config, **value) if name == "config" else value
        for name, value in changes.items()
    }  # fmt: skip
    with pytest.raises(InputError, match=f"holds a run with another {differs}; choose another run"):
        run(**changed)
    assert run(embedding_bits=8).model.settings.provenance == first.model.settings.provenance


@pytest.mark.parametrize("has_null_score", [True, False])
def test_a_students_null_score_is_learnt_where_the_config_says_so(bert, tmp_path, has_null_score):
    config = DistillConfig.of("kl", **SIZES, null_score=has_null_score)
    (null_score,) = distil(bert, TRAIN, VALID, config, tmp_path).model.weights.null_score
    assert null_score != 0
    assert (null_score == np.float32(NO_NULL_SCORE)) != has_null_score


@pytest.mark.parametrize("method", ["dixtill", "dixtill-paper"])
def test_a_method_that_explains_needs_attributions(bert, tmp_path, method):
    config = DistillConfig.of(method, **SIZES)
    with pytest.raises(InputError, match=f"the method {method} needs the teacher's attributions"):
        distil(bert, TRAIN, VALID, config, tmp_path)


def test_attributions_of_one_class_are_refused_where_all_are_learnt(bert, tmp_path, explained):
    one = [replace(row, by_class=()) for row in explained]
    with pytest.raises(InputError, match="only those of the predicted class; explain with"):
        distil(bert, TRAIN, VALID, DistillConfig.of("dixtill", **SIZES), tmp_path, one)
    config = DistillConfig.of("dixtill-paper", **SIZES)
    assert distil(bert, TRAIN, VALID, config, tmp_path, one).model.settings.explanation == "scores"
