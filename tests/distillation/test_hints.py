"""Hints are principal components of a teacher's states, and only help while a student trains."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from small_course import TRAIN, UNLABELED, run
from tiny_teachers import build
from torch import Tensor
from toy_training import CONFIG, Stopped, new_student, new_trainer, read_log, toy_examples, trained
from watchers import EachEpoch

from dixtill.distillation.config import DistillConfig
from dixtill.distillation.network.cells import read
from dixtill.distillation.progress.metrics import EpochMetrics
from dixtill.distillation.student import objective
from dixtill.distillation.student.float_answers import score
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.distillation.teaching import hints
from dixtill.distillation.teaching.hints import HintBasis
from dixtill.errors import InputError
from dixtill.specification.cleaning import clean


def states_of(rows: int, width: int, seed: int = 0) -> Tensor:
    """Return states [rows, width] that differ most in a few directions, far from zero."""
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.randn(rows, width, generator=generator) * torch.linspace(3, 0.1, width)
    turn, _ = torch.linalg.qr(torch.randn(width, width, generator=generator))
    return mixed @ turn + 5


@pytest.mark.parametrize(("rows", "width"), [(300, 80), (300, 10), (20, 80)])
def test_hints_are_principal_components_over_the_root_of_their_deviation(rows, width):
    states = states_of(rows, width)
    found = HintBasis.of(states).hints(states).float().numpy()
    number = min(rows - 1, width, hints.WIDTH)  # rows differ in one direction less
    assert found.shape == (rows, number)
    expected = PCA(number).fit_transform(states.numpy())
    deviations = expected.std(axis=0)
    expected /= np.sqrt(np.maximum(deviations, 1e-9) * deviations.mean())
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=0.02)
    assert np.square(found).mean() == pytest.approx(1, abs=0.01)
    others = HintBasis.of(states).hints(states_of(5, width, seed=1))
    assert others.shape == (5, number)
    assert others.dtype == torch.float16


def test_equal_states_give_no_hint():
    for states in (torch.full((9, 6), 2.5).half(), torch.ones(1, 6), torch.zeros(4, 6)):
        assert HintBasis.of(states).hints(states).shape == (len(states), 0)


def test_hints_of_other_texts_are_of_a_like_size_where_training_texts_are_few():
    basis = HintBasis.of(states_of(20, 80))
    others = basis.hints(states_of(500, 80, seed=0)).float()
    assert float(others.abs().max()) < 50


def test_of_many_texts_every_nth_is_looked_at(monkeypatch):
    states = states_of(100, 6)
    monkeypatch.setattr(hints, "_ENOUGH", 50)
    expected = HintBasis.of(states[::2])
    found = HintBasis.of(states)
    assert torch.equal(found.mean, expected.mean)
    assert torch.equal(found.directions, expected.directions)


HINTED = replace(CONFIG, hint_weight=15.0)


def hinted(seed: int, count: int = 64):
    """Toy examples whose hint is the text's class, as three numbers."""
    examples = toy_examples(seed, count)
    return replace(examples, hints=(examples.teacher_logits / 2 - 2 / 3).half())


@pytest.mark.slow
def test_hints_alone_teach_what_they_say(tmp_path):
    """Without any weight for answers or labels, the attended states still tell the classes."""
    config = replace(
        CONFIG, method="kl", alpha=1.0, additivity=0.0, temperature=2.0, epochs=15, hint_weight=10.0
    )
    silent = replace(hinted(0), teacher_logits=torch.zeros(64, 3))

    def loss_of_hints(weight: float) -> float:
        trainer = new_trainer(
            tmp_path / str(weight), replace(config, hint_weight=weight), train=silent
        )
        trainer.run()
        return read_log(tmp_path / str(weight))[-1].terms["hint"]

    assert loss_of_hints(10.0) < 0.5 * loss_of_hints(0.0)


@torch.no_grad()
def test_the_loss_is_the_mean_squared_error_with_a_weight_that_falls():
    data = hinted(0)
    batch = data.batch(np.arange(7))
    student = new_student().eval()
    output = student(batch.piece_ids, batch.mask)
    config = replace(HINTED, method="kl", additivity=0.0)
    predict = objective.hint_map(student, 3, seed=0)
    terms = objective.loss_terms(config, student, predict, output, batch)
    states = read(student.cell, student.embedding(batch.piece_ids), batch.mask).states
    attended = (output.attention[..., None] * states).sum(1)
    predicted = attended @ predict.weight.T + predict.bias
    expected = float((predicted - batch.hints).square().mean())
    assert float(terms["hint"]) == pytest.approx(expected, rel=1e-5)
    without = {name: term for name, term in terms.items() if name != "hint"}
    rest = float(objective.total_loss(config, without))
    for left in (1.0, 0.25, 0.0):
        found = float(objective.total_loss(config, terms, left))
        assert found == pytest.approx(rest + config.hint_weight * left * expected, rel=1e-5)


def test_the_weight_falls_from_step_to_step(tmp_path, monkeypatch):
    seen = []

    def total_loss(config, terms, left):
        seen.append(left)
        return objective.total_loss(config, terms, left)

    monkeypatch.setattr("dixtill.distillation.student.trainer.total_loss", total_loss)
    trained(tmp_path, HINTED, train=hinted(0))
    assert seen == pytest.approx([1 - step / 16 for step in range(16)])


def test_a_stopped_run_with_hints_goes_on_to_the_same_bits(tmp_path):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == 2:
            raise Stopped

    expected = trained(tmp_path / "whole", HINTED, train=hinted(0))
    assert expected != trained(tmp_path / "without")
    with pytest.raises(Stopped):
        new_trainer(tmp_path / "stopped", HINTED, train=hinted(0)).run(EachEpoch(stop))
    torch.rand(3)  # other code draws in between
    resumed = {"train": hinted(0), "student": new_student(seed=9)}
    assert trained(tmp_path / "stopped", HINTED, **resumed) == expected


def test_a_course_takes_hints_from_all_texts_that_the_teacher_answers(bert, tmp_path, trained_on):
    distilled = run(bert, tmp_path / "run", "kl", hint_weight=1.0, unlabeled=UNLABELED, perturbed=4)
    (examples,) = trained_on
    known = bert.answer([clean(text) for text in TRAIN.texts], with_states=True).states
    more = bert.answer([clean(text) for text in UNLABELED], with_states=True).states
    basis = HintBasis.of(known)
    assert len(examples.hints) == len(examples) == len(TRAIN) + 2 + 4
    of_train, of_unlabeled = examples.hints[: len(TRAIN)], examples.hints[len(TRAIN) :][:2]
    for found, states in ((of_train, known), (of_unlabeled, more)):
        torch.testing.assert_close(found, basis.hints(states), atol=0.02, rtol=0.02)
    assert {"hint"} <= set(distilled.history[0].terms)
    without = run(bert, tmp_path / "without", "kl", unlabeled=UNLABELED, perturbed=4)
    assert "hint" not in without.history[0].terms
    assert distilled.model.shape == without.model.shape


def test_a_teacher_that_gave_its_states_can_still_go_to_another_process():
    teacher = Teacher(*build("bert"))
    texts = [clean(text) for text in TRAIN.texts]
    found = teacher.answer(texts, with_states=True)
    copy = pickle.loads(pickle.dumps(teacher))
    assert torch.equal(copy.answer(texts, with_states=True).states, found.states)


def test_explained_texts_keep_the_logits_that_were_explained(bert, tmp_path, trained_on):
    for weight in (0.0, 2.0):
        run(bert, tmp_path / str(weight), "dixtill", hint_weight=weight, perturbed=0)
    without, examples = trained_on
    assert torch.equal(examples.teacher_logits, without.teacher_logits)
    assert (examples.hints.shape[1] > 0, without.hints.shape[1]) == (True, 0)


def test_only_a_method_with_a_teacher_takes_hints():
    for name in ("dixtill", "dixtill-paper", "kl", "mse"):
        assert not DistillConfig.of(name).learns_hints
        assert DistillConfig.of(name, hint_weight=1.0).learns_hints
    assert not DistillConfig.of("none", hint_weight=0.0).learns_hints
    with pytest.raises(InputError, match="hint_weight is given, but the method 'none'"):
        DistillConfig.of("none", hint_weight=1.0)


def test_a_student_scores_without_hints(tmp_path):
    trainer = new_trainer(tmp_path, HINTED, train=hinted(0))
    trainer.run()
    assert score(trainer.student, toy_examples(1)).accuracy > 0.5
