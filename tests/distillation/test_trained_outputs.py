"""Students of several labels and of numbers, trained on toy problems."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_training import CONFIG, NUM_PIECES, UNKNOWN_ID
from watchers import EachEpoch

from dixtill.distillation.data.scale import Scale
from dixtill.distillation.network.student import Student
from dixtill.distillation.student.examples import Examples
from dixtill.distillation.student.float_answers import logits_of, score
from dixtill.distillation.student.objective import hint_map, loss_terms
from dixtill.distillation.student.outputs.number import NumberRules
from dixtill.distillation.student.outputs.rules import OutputRules
from dixtill.distillation.student.outputs.sigmoid import SigmoidRules
from dixtill.distillation.student.trainer import StudentTrainer
from dixtill.specification.words import TokenizedText

MEAN, UNIT = 40.0, 10.0


class Stopped(Exception):
    pass


def toy(
    output: str, seed: int, count: int = 96, unit: float = UNIT, mean: float = MEAN
) -> Examples:
    """Texts of one-piece words: piece 1 gives label 0 and +2 units, piece 2 label 1 and -1 unit."""
    rng = np.random.default_rng(seed)
    texts, targets, explained = [], [], []
    for _ in range(count):
        length = int(rng.integers(4, 9))
        ids = rng.integers(3, NUM_PIECES, length)
        has = rng.random(2) < 0.5
        places = rng.permutation(length)[:2]
        ids[places[has]] = np.flatnonzero(has) + 1
        words = list(range(length))
        texts.append(TokenizedText(ids.tolist(), words, [(w, w + 1) for w in words], False))
        effects = np.stack([ids == 1, ids == 2], axis=1).astype(np.float32)
        if output == "number":
            effects = (effects @ [[2.0], [-1.0]]).astype(np.float32)
        explained.append(effects)
        targets.append(effects.sum(axis=0))
    known = np.array(targets, np.float32)
    rules: OutputRules = SigmoidRules()
    teacher = 8 * torch.tensor(known) - 4
    if output == "number":
        rules = NumberRules(Scale(mean, unit))
        known = known * unit + mean
        teacher = torch.tensor(known)
    return Examples.of(
        texts, torch.tensor(known), teacher, explained, explained[0].shape[1], rules=rules
    )


def new_trainer(
    output: str, folder: Path, method: str = "dixtill", epochs: int = 6, **scale
) -> StudentTrainer:
    config = replace(CONFIG, method=method, epochs=epochs)
    torch.manual_seed(0)
    student = Student.of(config, NUM_PIECES, 1 if output == "number" else 2, output)
    train, valid = toy(output, 0, **scale), toy(output, 1, 48, **scale)
    return StudentTrainer(student, config, train, valid, UNKNOWN_ID, folder)


@pytest.mark.parametrize("method", ["dixtill", "kl", "mse", "none"])
@pytest.mark.parametrize("output", ["sigmoid", "number"])
def test_each_method_learns(output, method, tmp_path):
    trainer = new_trainer(output, tmp_path, method, epochs=40)
    best = trainer.run()
    scores = score(trainer.student, toy(output, 2))
    if output == "sigmoid":
        assert list(best.scores) == ["micro_f1", "macro_f1"]
        assert scores.micro_f1 > 0.95
    else:
        assert list(best.scores) == ["mean_absolute_error", "pearson"]
        assert scores.mean_absolute_error < 0.5 * UNIT
        assert scores.pearson > 0.9
    assert best.quality == max(metrics.quality for metrics in trainer.history)


@pytest.mark.parametrize("output", ["sigmoid", "number"])
def test_words_explain_the_answer_that_they_change(output, tmp_path):
    trainer = new_trainer(output, tmp_path)
    trainer.run()
    found = trainer.history[-1].terms
    assert found["explanation"] < trainer.history[0].terms["explanation"] / 2


def test_nothing_that_is_learned_depends_on_the_unit_of_numbers(tmp_path):
    trainers = [
        new_trainer("number", tmp_path / str(unit), unit=unit, mean=mean)
        for unit, mean in ((1.0, 0.0), (256.0, 1024.0))  # powers of two, so that nothing is rounded
    ]
    for trainer in trainers:
        trainer.run()
    one, other = (logits_of(trainer.student, toy("number", 2)) for trainer in trainers)
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)
    errors = [trainer.history[-1].scores["mean_absolute_error"] for trainer in trainers]
    assert errors[1] == pytest.approx(256 * errors[0], rel=1e-3)


@pytest.mark.parametrize("output", ["sigmoid", "number"])
def test_a_stopped_training_resumes_to_the_same_bits(output, tmp_path):
    def stop(metrics):
        if metrics.epoch == 2:
            raise Stopped

    whole = new_trainer(output, tmp_path / "whole")
    whole.run()
    with pytest.raises(Stopped):
        new_trainer(output, tmp_path / "part").run(EachEpoch(stop))
    resumed = new_trainer(output, tmp_path / "part")
    resumed.run()
    assert resumed.history == whole.history
    for name, tensor in whole.student.state_dict().items():
        assert torch.equal(tensor, resumed.student.state_dict()[name])


@pytest.mark.parametrize("output", ["sigmoid", "number"])
@pytest.mark.parametrize("explained_classes", ["all", "predicted"])
def test_contributions_are_aligned_as_they_are_and_not_centered(output, explained_classes):
    """A student whose contributions are the teacher's attributions has nothing to learn."""
    config = replace(
        CONFIG, explanation="contributions", dropout=0.0, explained_classes=explained_classes
    )
    torch.manual_seed(0)
    student = Student.of(config, NUM_PIECES, 1 if output == "number" else 2, output).eval()
    examples = toy(output, 0, 6)
    batch = examples.batch(np.arange(6))
    given = student(batch.piece_ids, batch.mask)
    shares = given.contributions.detach()  # every word is a piece
    torch.testing.assert_close(shares.sum(dim=1) + student.head.bias, given.logits)
    if explained_classes == "predicted":
        top = batch.teacher_logits.argmax(dim=1)
        shares = shares[torch.arange(6), :, top][..., None]
    terms = loss_terms(
        config,
        student,
        hint_map(student, 0, 0),
        given,
        batch._replace(attributions=shares, explained=None),
    )
    assert float(terms["explanation"].detach()) == pytest.approx(0, abs=1e-6)
