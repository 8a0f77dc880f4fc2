"""Training depends on its seed alone, follows its settings, and keeps the best epoch."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from toy_training import CONFIG, TRAIN, UNKNOWN_ID, Stopped, new_trainer, read_log, trained, weights
from watchers import EachEpoch

from dixtill.distillation.measures.scores import Scores
from dixtill.distillation.network.student import Student
from dixtill.distillation.progress.metrics import EpochMetrics
from dixtill.distillation.student import trainer as trainer_module
from dixtill.distillation.student.examples import Batch, Examples


def test_the_same_seed_gives_the_same_weights_bit_for_bit(tmp_path):
    torch.manual_seed(1)
    first = trained(tmp_path / "first")
    torch.manual_seed(2)
    assert trained(tmp_path / "second") == first
    logs = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("first", "second")]
    assert logs[0] == logs[1]


@pytest.mark.parametrize(
    "without", [{}, {"dropout": 0.0}, {"unknown_rate": 0.0}], ids=["all", "order", "no unknowns"]
)
def test_another_seed_gives_other_weights(tmp_path, without):
    config = replace(CONFIG, epochs=1, **without)
    first = trained(tmp_path / "0", config)
    assert trained(tmp_path / "1", replace(config, seed=1)) != first


def test_the_share_of_unknown_pieces_is_drawn_anew_each_epoch(tmp_path):
    config = replace(CONFIG, epochs=2, batch_size=len(TRAIN), unknown_rate=0.3)
    trainer = new_trainer(tmp_path, config)
    with_unknowns, drawn = trainer._with_unknowns, []

    def recorded(piece_ids: Tensor) -> Tensor:
        # One padded batch an epoch, so the same random numbers would hit the same places.
        drawn.append(with_unknowns(torch.ones_like(piece_ids)) == UNKNOWN_ID)
        return piece_ids

    trainer._with_unknowns = recorded
    trainer.run()
    first, second = drawn
    assert float(first.float().mean()) == pytest.approx(0.3, abs=0.07)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("is_trained", [True, False])
def test_a_null_score_is_trained_or_stays_where_it_was(tmp_path, is_trained):
    config = replace(CONFIG, explanation="contributions", null_score=is_trained, weight_decay=0.5)
    trainer = new_trainer(tmp_path, config)
    before = trainer.student.null_score.item()
    trainer.run()
    assert (trainer.student.null_score.item() != before) == is_trained


def test_gradients_are_clipped(tmp_path):
    config = replace(CONFIG, epochs=1, weight_decay=0.0, max_grad_norm=1e-15)
    trainer = new_trainer(tmp_path, config)
    before = [parameter.detach().clone() for parameter in trainer.student.parameters()]
    trainer.run()
    # AdamW divides by the gradient's size, but for an epsilon of 1e-8.
    for mine, theirs in zip(trainer.student.parameters(), before, strict=True):
        torch.testing.assert_close(mine.detach(), theirs, atol=1e-7, rtol=0)


def test_training_leaves_the_callers_random_numbers_alone(tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    trained(tmp_path)
    assert torch.equal(torch.rand(2), expected)


@pytest.fixture
def scripted_scores(monkeypatch: pytest.MonkeyPatch):
    """Gives the validation scores that a test asks for, and keeps the weights of each epoch."""

    def script(*accuracies: float) -> list[bytes]:
        remaining, seen = list(accuracies), []

        def score(student: Student, _: Examples) -> Scores:
            tensors = student.state_dict().values()
            seen.append(b"".join(tensor.numpy().tobytes() for tensor in tensors))
            return Scores(remaining.pop(0), 0.5, 0.1)

        monkeypatch.setattr(trainer_module, "score", score)
        return seen

    return script


def test_the_best_epochs_weights_are_kept(tmp_path, scripted_scores):
    epochs = scripted_scores(0.3, 0.8, 0.8, 0.5)
    trainer = new_trainer(tmp_path)
    assert trainer.run().epoch == 2  # the first of equal scores
    assert weights(trainer) == epochs[1]
    assert len(set(epochs)) == 4


def test_the_best_parameters_outlive_a_stop(tmp_path, scripted_scores):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == 3:
            raise Stopped

    epochs = scripted_scores(0.3, 0.8, 0.4, 0.5)
    with pytest.raises(Stopped):
        new_trainer(tmp_path).run(EachEpoch(stop))
    trainer = new_trainer(tmp_path)
    assert trainer.run().epoch == 2
    assert weights(trainer) == epochs[1]


@pytest.mark.parametrize(
    ("patience", "accuracies", "trained_epochs"),
    [
        (1, (0.5, 0.4), 2),
        (2, (0.5, 0.4, 0.6, 0.6, 0.6), 5),
        (2, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0), 6),
    ],
)
def test_training_stops_after_patience_epochs_without_a_better_one(
    tmp_path, scripted_scores, patience, accuracies, trained_epochs
):
    scripted_scores(*accuracies)
    new_trainer(tmp_path, replace(CONFIG, epochs=6, patience=patience)).run()
    assert len(read_log(tmp_path)) == trained_epochs


def test_the_learning_rate_rises_for_an_epoch_and_then_falls_in_even_steps(tmp_path):
    trainer = new_trainer(tmp_path, replace(CONFIG, epochs=3))
    step, rates = trainer._train_step, []

    def recorded(batch: Batch) -> float:
        rates.append(trainer._optimizer.param_groups[0]["lr"] / CONFIG.learning_rate)
        return step(batch)

    trainer._train_step = recorded
    trainer.run()
    assert rates[:4] == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1])
    assert rates[4:] == pytest.approx([n / 9 for n in range(9, 1, -1)])
