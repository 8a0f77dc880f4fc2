"""Every method learns a toy problem, also from texts without labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_training import (
    CONFIG,
    METHODS,
    OF_LABEL,
    PAPER,
    TRAIN,
    VALID,
    new_trainer,
    read_log,
    toy_examples,
    trained,
    weights,
    without_labels,
)

from dixtill.distillation.config import DistillConfig
from dixtill.distillation.student import losses, objective
from dixtill.distillation.student.examples import Examples


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        *({"method": method} for method in METHODS),
        {"method": "dixtill-paper"},
        {"method": "dixtill-paper", "explanation": "contributions"},
        # The bounded loss of answers is too weak for more.
        {"kl": "bounded", "explanation_weight": 1.0},
    ],
    ids=lambda changes: " ".join(map(str, changes.values())),
)
def test_every_method_learns_the_toy_problem(tmp_path, changes):
    is_published = changes.get("method") == "dixtill-paper"
    base = PAPER if is_published else CONFIG
    config = replace(base, epochs=15, dropout=0.0, unknown_rate=0.0, **changes)
    train, valid = OF_LABEL if is_published else (TRAIN, VALID)
    best = new_trainer(tmp_path, config, train=train, valid=valid).run()
    log = read_log(tmp_path)
    assert log[-1].loss < 0.7 * log[0].loss
    assert best.accuracy > 0.85


@pytest.mark.slow
def test_the_explanation_loss_turns_attention_to_the_words_that_matter(tmp_path):
    def agreement(config: DistillConfig, train: Examples, valid: Examples) -> float:
        trainer = new_trainer(tmp_path / config.method, config, train=train, valid=valid)
        trainer.run()
        batch = valid.batch(np.arange(len(valid)))
        with torch.no_grad():
            output = trainer.student(batch.piece_ids, batch.mask)
        cosine = torch.nn.functional.cosine_similarity
        explained = objective._explanation(trainer.config, output, batch).flatten(1)
        return float(cosine(explained, batch.attributions.flatten(1)).mean())

    config = replace(PAPER, epochs=15)
    aligned = agreement(config, *OF_LABEL)
    assert aligned > agreement(replace(config, method="kl"), *OF_LABEL) + 0.1


@pytest.mark.slow
def test_the_explanation_loss_turns_the_contributions_of_every_class(tmp_path):
    def agreement(method: str) -> float:
        config = replace(CONFIG, method=method, epochs=15, additivity=0.0)
        trainer = new_trainer(tmp_path / method, config)
        trainer.run()
        batch = VALID.batch(np.arange(len(VALID)))
        with torch.no_grad():
            output = trainer.student(batch.piece_ids, batch.mask)
            explained = objective._explanation(trainer.config, output, batch)
            return 1 - 2 * float(losses.explanation_loss(explained, batch.attributions))

    assert agreement("dixtill") > agreement("kl") + 0.03


@pytest.mark.slow
def test_texts_without_labels_teach_what_the_teacher_says_of_them(tmp_path):
    """The few labels are of one class; the teacher's answers teach the other one."""
    few = toy_examples(3, count=4)
    few = replace(
        few,
        labels=torch.zeros(4, dtype=torch.long),
        teacher_logits=torch.tensor([[4.0, 0.0, 0.0]] * 4),
    )
    others = without_labels(TRAIN, TRAIN.teacher_logits)
    config = replace(CONFIG, method="kl", epochs=15)
    alone = new_trainer(tmp_path / "alone", config, train=few).run()
    taught = new_trainer(tmp_path / "taught", config, train=Examples.joined([few, others])).run()
    assert alone.accuracy < 0.6
    assert taught.accuracy > 0.85


def test_texts_without_labels_teach_nothing_where_the_teacher_has_no_weight(tmp_path):
    config = replace(CONFIG, method="kl", alpha=0.0, additivity=0.0, epochs=1, weight_decay=0.0)
    others = without_labels(TRAIN, TRAIN.teacher_logits)
    trainer = new_trainer(tmp_path, config, train=others)
    before = weights(trainer)
    trainer.run()
    assert weights(trainer) == before


def test_another_answer_to_a_text_without_label_makes_another_student(tmp_path):
    config = replace(CONFIG, epochs=1)

    def student(logits: Tensor) -> bytes:
        folder = tmp_path / str(float(logits[0, 0]))
        return trained(
            folder, config, train=Examples.joined([TRAIN, without_labels(VALID, logits)])
        )

    assert student(VALID.teacher_logits) != student(1 - VALID.teacher_logits)
