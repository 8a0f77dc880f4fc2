"""Teaching chooses texts and weights, finds wrong answers, and resumes to the same bits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_course
import torch
from toy_training import (
    CONFIG,
    TRAIN,
    VALID,
    Stopped,
    new_student,
    new_trainer,
    read_log,
    toy_examples,
    trained,
    weights,
    without_labels,
)
from watchers import EachEpoch

from dixtill.distillation.config import DistillConfig
from dixtill.distillation.course import distill
from dixtill.distillation.data.kind import Kind
from dixtill.distillation.distilled import Distilled
from dixtill.distillation.student import losses, objective
from dixtill.distillation.student.examples import Examples
from dixtill.distillation.student.trainer import StudentTrainer
from dixtill.distillation.teaching import teaching as teaching_module
from dixtill.distillation.teaching.groups import GroupMeans
from dixtill.distillation.teaching.teaching import LearnedTeaching, WorstTeaching, teaching_of
from dixtill.distillation.teaching.weighting import Weighting
from dixtill.errors import InputError

KL = replace(CONFIG, method="kl", dropout=0.0, unknown_rate=0.0)
MODES = ("fixed", "worst", "learned")


def with_real_texts(count: int = 100) -> Examples:
    others = toy_examples(7, count)
    return Examples.joined([TRAIN, without_labels(others, others.teacher_logits)])


@pytest.mark.slow
@pytest.mark.parametrize("method", ["kl", "mse", "dixtill"])
@pytest.mark.parametrize("mode", MODES)
def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path, mode, method):
    def stop(metrics) -> None:
        if metrics.epoch == 2:
            raise Stopped

    config = replace(CONFIG, method=method, teaching=mode, epochs=3, batch_size=32)
    train = with_real_texts(40)
    expected = trained(tmp_path / "whole", config, train=train)
    with pytest.raises(Stopped):
        new_trainer(tmp_path / "stopped", config, train=train).run(EachEpoch(stop))
    resumed = new_trainer(
        tmp_path / "stopped", config, train=train, student=new_student(config, seed=9)
    )
    resumed.run()
    assert weights(resumed) == expected
    logs = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "stopped")]
    assert logs[0] == logs[1]


def test_each_teaching_gives_another_student(tmp_path):
    students = {trained(tmp_path / mode, replace(KL, teaching=mode)) for mode in MODES}
    assert len(students) == 3


def trainer_with(teaching, folder: Path, config: DistillConfig, monkeypatch, **parts):
    module = "dixtill.distillation.student.trainer.teaching_of"
    monkeypatch.setattr(module, lambda *_: teaching)
    return new_trainer(folder, config, **parts)


@pytest.mark.parametrize("method", ["kl", "mse", "dixtill"])
def test_constant_weights_train_like_none(tmp_path, monkeypatch, method):
    class Constant(teaching_module.Teaching):
        def weights(self, rows, divergences):
            return torch.ones(len(rows))

    config = replace(KL, method=method)
    plain = new_trainer(tmp_path / "plain", config)
    plain.run()
    constant = trainer_with(Constant(len(TRAIN)), tmp_path / "ones", config, monkeypatch)
    constant.run()
    for name, value in plain.student.state_dict().items():
        torch.testing.assert_close(constant.student.state_dict()[name], value)


@pytest.mark.parametrize("name", ["mse", "plain", "bounded"])
def test_a_weight_of_two_counts_a_text_twice(name):
    student, teacher = (
        torch.randn(3, 4, generator=torch.Generator().manual_seed(s)) for s in (0, 1)
    )
    twice = torch.tensor([0, 0, 1, 2])

    def loss(rows: torch.Tensor, by_text: torch.Tensor | None) -> torch.Tensor:
        pair = student[rows], teacher[rows]
        if name == "mse":
            return losses.mse_loss(*pair, by_text)
        kl = losses.kl_loss(*pair, 2.0, by_text)
        return losses.bounded(kl) if name == "bounded" else kl

    # Weights have the mean 1, so the sum of 4 texts is divided by 3 and the weights by 4/3.
    weighted = loss(torch.arange(3), torch.tensor([2.0, 1.0, 1.0]) * 3 / 4)
    torch.testing.assert_close(weighted, loss(twice, None))


def test_losses_by_text_have_the_mean_that_is_minimized():
    batch = TRAIN.batch(np.arange(9))
    logits = torch.randn(9, 3, generator=torch.Generator().manual_seed(0))
    for method in ("kl", "mse"):
        config = replace(KL, method=method)
        term = objective.answer_terms(config, logits, batch)[method]
        by_text = objective.answer_losses(config, logits, batch)
        torch.testing.assert_close(by_text.mean(), term)


def test_worst_reads_all_texts_once_and_then_those_that_differ_more_often():
    kinds, confidences = torch.zeros(200, dtype=torch.long), torch.rand(200)
    teaching, rng = WorstTeaching(kinds, confidences), np.random.default_rng(0)
    assert teaching.rows(rng).tolist() == list(range(200))
    divergences = torch.ones(200)
    divergences[:50] = 5.0
    teaching.weights(np.arange(200), divergences)
    times = np.bincount(teaching.rows(rng), minlength=200)
    assert times.sum() == 200
    assert times[:50].mean() == pytest.approx(0.5 + 0.5 * 5 / 2, abs=0.05)
    assert times[50:].mean() == pytest.approx(0.5 + 0.5 * 1 / 2, abs=0.05)


def test_the_quiz_is_a_tenth_of_the_labeled_texts_and_never_trained_on(tmp_path):
    train, seen = with_real_texts(40), []
    trainer = new_trainer(tmp_path, replace(KL, teaching="learned"), train=train)
    step = trainer._train_step
    trainer._train_step = lambda batch: (seen.append(batch.rows), step(batch))[1]
    trainer.run()
    quiz = trainer._teaching.quiz
    assert len(quiz) == 6
    assert (train.kinds[quiz] == Kind.LABELED).all()
    assert set(np.concatenate(seen)) == set(range(len(train))) - set(quiz)
    other = LearnedTeaching(train.kinds, torch.rand(len(train)), seed=5)
    assert set(other.quiz) != set(quiz)


def learned_weights(folder: Path, monkeypatch) -> tuple[float, float]:
    """Train on texts of which a fifth have another text's answer.

    Return the mean weight of those in the last two epochs, and that of the other texts.
    """
    labeled, others = toy_examples(0, 200), toy_examples(11, 320)
    answers = others.teacher_logits.clone()
    answers[:64] = answers[:64].roll(1, dims=1)  # another class's
    train = Examples.joined([labeled, without_labels(others, answers)])
    is_wrong = torch.zeros(len(train), dtype=torch.bool)
    is_wrong[200:264] = True
    found: list[tuple[torch.Tensor, torch.Tensor]] = []
    plain = LearnedTeaching.weights

    def recorded(self, rows, divergences):
        result = plain(self, rows, divergences)
        found.append((is_wrong[rows], result))
        return result

    monkeypatch.setattr(LearnedTeaching, "weights", recorded)
    config = replace(KL, teaching="learned", epochs=10)
    trainer: StudentTrainer = new_trainer(folder, config, train=train)
    trainer.run()
    late = found[-2 * trainer._steps_per_epoch :]
    wrong, values = (torch.cat(column) for column in zip(*late, strict=True))
    return float(values[wrong].mean()), float(values[~wrong].mean())


@pytest.mark.slow
def test_texts_with_another_texts_answer_get_smaller_weights(tmp_path, monkeypatch):
    wrong, right = learned_weights(tmp_path, monkeypatch)
    assert wrong < right - 0.1


@pytest.mark.slow
def test_with_the_opposite_sign_they_would_get_larger_ones(tmp_path, monkeypatch):
    learn = Weighting.learn
    monkeypatch.setattr(Weighting, "learn", lambda self, w, effects: learn(self, w, -effects))
    wrong, right = learned_weights(tmp_path, monkeypatch)
    assert wrong > right + 0.1


def test_weights_have_the_mean_one_and_begin_at_one():
    weighting = Weighting(seed=0)
    batch = torch.tensor([0, 1, 2]), torch.full((3,), 0.9), torch.tensor([3.0, 3.0, 3.0])
    assert weighting(*batch).tolist() == [1.0] * 3
    for _ in range(20):  # effects of any size are learned from
        weighting.learn(weighting(*batch), torch.tensor([1e-12, -1e-12, 0.0]))
    changed = weighting(*batch)
    assert changed.mean().item() == pytest.approx(1)
    assert changed[1].item() > 1.01
    assert changed[0].item() < 0.99


def test_the_weighting_leaves_the_callers_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    Weighting(seed=0)
    assert torch.equal(torch.rand(2), expected)


def test_means_are_taken_by_kind_and_by_tercile_of_confidence():
    kinds = np.array([Kind.LABELED] * 3 + [Kind.MADE] * 3)
    means = GroupMeans(kinds, np.array([0.4, 0.5, 0.6, 0.7, 0.8, 0.9]))
    means.add(np.array([0, 5]), np.array([3.0, 1.0]))
    means.add(np.array([1, 4]), np.array([1.0, 2.0]))
    assert means.take() == {
        "labeled": 2.0, "made": 1.5, "low confidence": 2.0, "high confidence": 1.5,
    }  # fmt: skip
    assert means.take() == {}


@pytest.mark.parametrize("mode", ["worst", "learned"])
def test_the_course_of_the_weights_is_logged(tmp_path, mode):
    new_trainer(tmp_path, replace(KL, teaching=mode), train=with_real_texts()).run()
    groups = {"labeled", "real", "low confidence", "middle confidence", "high confidence"}
    log = read_log(tmp_path)
    assert all(set(metrics.weights) == groups for metrics in log)
    first, last = log[0].weights, log[-1].weights
    assert all(value == pytest.approx(1, abs=0.05) for value in first.values())
    assert first != last


def test_fixed_teaching_logs_no_weights(tmp_path):
    trained(tmp_path, KL)
    assert all(metrics.weights == {} for metrics in read_log(tmp_path))


@pytest.mark.parametrize("mode", ["worst", "learned"])
def test_a_course_follows_its_teaching(bert, tmp_path, mode):
    def taught(teaching: str) -> Distilled:
        return distill(
            bert, small_course.TRAIN, small_course.VALID, out=tmp_path / f"{teaching}.safetensors",
            method="kl", teaching=teaching, perturbed=1, unlabeled=("banks fall",), epochs=2,
            batch_size=8, embedding_dim=6, hidden_dim=5, report=False, progress=False,
        )  # fmt: skip

    found, fixed = taught(mode), taught("fixed")
    assert found.history[-1].loss != fixed.history[-1].loss
    assert found.model.settings.provenance["config"]["teaching"] == mode
    assert {"labeled", "made", "low confidence"} <= set(found.history[-1].weights)


def test_a_learned_teaching_without_labels_is_refused():
    train = without_labels(VALID, VALID.teacher_logits)
    kinds = torch.full((len(train),), Kind.REAL)
    with pytest.raises(
        InputError, match=r"'learned' needs at least 2 labeled texts, .* are 0; give"
    ):
        teaching_of(replace(KL, teaching="learned"), kinds, torch.ones(len(train)))


@pytest.mark.parametrize("mode", ["worst", "learned"])
def test_a_teaching_by_answers_is_refused_where_none_are_learned(mode):
    with pytest.raises(
        InputError, match=rf"the teaching '{mode}' follows .* 'none' learns none; ch"
    ):
        DistillConfig.of("none", teaching=mode)
