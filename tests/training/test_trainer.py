"""Training runs: the same for a seed, resumable to the bit, and learning by all four methods."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from dixtill.errors import InputError
from dixtill.runtime.words import TokenizedText
from dixtill.training import trainer as trainer_module
from dixtill.training.evaluate import Scores
from dixtill.training.examples import NO_LABEL, Batch, Examples
from dixtill.training.student import Student
from dixtill.training.trainer import (
    DistillConfig,
    EpochMetrics,
    StudentTrainer,
    distillation_loss,
    random_words,
    without_words,
)

UNKNOWN_ID, NUM_PIECES = 0, 12
CONFIG = DistillConfig(
    explained_classes="predicted",
    epochs=4,
    batch_size=16,
    learning_rate=0.03,
    embedding_dim=6,
    hidden_dim=5,
    attention_dim=4,
)
METHODS = ("dixtill", "kl", "mse", "none")


def toy_examples(seed: int, count: int = 64) -> Examples:
    """Piece 1 makes a text of class 1, piece 2 of class 2; a word is two pieces or one."""
    rng = np.random.default_rng(seed)
    texts, labels, explained = [], [], []
    for _ in range(count):
        length, label = int(rng.integers(4, 9)), int(rng.integers(3))
        ids = rng.integers(3, NUM_PIECES, length).tolist()
        if label:
            ids[int(rng.integers(length))] = label
        words = [piece // 2 for piece in range(length)]
        spans = [(2 * word, 2 * word + 1) for word in range(words[-1] + 1)]
        texts.append(TokenizedText(ids, words, spans, truncated=False))
        labels.append(label)
        key = words[ids.index(label)] if label else -1
        explained.append(
            torch.tensor([[1.0 if word == key else 0.1] for word in range(len(spans))])
        )
    logits = 4 * torch.nn.functional.one_hot(torch.tensor(labels), 3).float()
    return Examples(texts, torch.tensor(labels), logits, explained)


TRAIN, VALID = toy_examples(0), toy_examples(1, count=24)


def new_student(config: DistillConfig = CONFIG, seed: int = 0) -> Student:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Student(
            NUM_PIECES, 3, config.embedding_dim, config.hidden_dim, config.attention_dim,
            config.dropout,
        )  # fmt: skip


def new_trainer(folder: Path, config: DistillConfig = CONFIG, **parts) -> StudentTrainer:
    defaults = {"student": new_student(config), "train": TRAIN, "valid": VALID}
    return StudentTrainer(
        **{**defaults, **parts}, config=config, unknown_id=UNKNOWN_ID, folder=folder
    )


def weights(trainer: StudentTrainer) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in trainer.student.state_dict().values())


def trained(folder: Path, config: DistillConfig = CONFIG, **parts) -> bytes:
    trainer = new_trainer(folder, config, **parts)
    trainer.run()
    return weights(trainer)


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


class Stopped(Exception):
    """As if the machine had gone down."""


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path, stop_after):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == stop_after:
            raise Stopped

    expected = trained(tmp_path / "whole")
    with pytest.raises(Stopped):
        new_trainer(tmp_path / "stopped").run(stop)
    resumed = new_trainer(tmp_path / "stopped", student=new_student(seed=9))
    torch.rand(7)  # whoever else draws in between
    epochs: list[int] = []
    resumed.run(lambda metrics: epochs.append(metrics.epoch))
    assert epochs == list(range(stop_after + 1, CONFIG.epochs + 1))
    assert weights(resumed) == expected
    logs = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "stopped")]
    assert logs[0] == logs[1]


def test_a_finished_run_is_not_trained_again(tmp_path):
    expected = trained(tmp_path)
    again = new_trainer(tmp_path, student=new_student(seed=9))

    def fail(_: EpochMetrics) -> None:
        pytest.fail("it trained")

    best = again.run(fail)
    assert weights(again) == expected
    assert not again.student.training
    assert best == max(read_log(tmp_path), key=lambda m: (m.accuracy + m.macro_f1, -m.epoch))


def read_log(folder: Path) -> list[EpochMetrics]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [EpochMetrics(**json.loads(line)) for line in lines]


def test_the_folder_holds_config_and_metrics(tmp_path):
    trained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["method"] == "dixtill"
    assert [metrics.epoch for metrics in read_log(tmp_path)] == [1, 2, 3, 4]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.pt", "config.json", "metrics.jsonl"
    ]  # fmt: skip


@pytest.mark.parametrize("change", [{"alpha": 0.5}, {"seed": 1}, {"epochs": 5}], ids=str)
def test_another_config_in_the_same_folder_is_refused(tmp_path, change):
    new_trainer(tmp_path)
    with pytest.raises(InputError, match="holds a run with another config; choose another run"):
        new_trainer(tmp_path, replace(CONFIG, **change))


@pytest.mark.parametrize("part", ["train", "valid"])
def test_other_data_in_the_same_folder_are_refused(tmp_path, part):
    trained(tmp_path, replace(CONFIG, epochs=1))
    with pytest.raises(InputError, match="holds a run on other data; choose another run folder"):
        new_trainer(tmp_path, replace(CONFIG, epochs=1), **{part: toy_examples(5)})


@pytest.fixture
def scripted_scores(monkeypatch: pytest.MonkeyPatch):
    """Validation scores as a test wants them; keeps the weights of each epoch."""

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
    assert trainer.run().epoch == 2  # the first of equals
    assert weights(trainer) == epochs[1]
    assert len(set(epochs)) == 4


def test_the_best_weights_outlive_a_stop(tmp_path, scripted_scores):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == 3:
            raise Stopped

    epochs = scripted_scores(0.3, 0.8, 0.4, 0.5)
    with pytest.raises(Stopped):
        new_trainer(tmp_path).run(stop)
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


@pytest.mark.parametrize(
    "changes",
    [
        *({"method": method} for method in METHODS),
        {"explanation": "scores"},
        {"kl": "plain"},
        {"merge": "mean"},
    ],
    ids=lambda changes: " ".join(changes.values()),
)
def test_every_method_learns_the_toy_problem(tmp_path, changes):
    config = replace(CONFIG, epochs=15, dropout=0.0, unknown_rate=0.0, **changes)
    best = new_trainer(tmp_path, config).run()
    log = read_log(tmp_path)
    assert log[-1].loss < 0.7 * log[0].loss
    assert best.accuracy > 0.85


def test_the_explanation_loss_turns_attention_to_the_words_that_matter(tmp_path):
    def agreement(method: str) -> float:
        trainer = new_trainer(
            tmp_path / method, replace(CONFIG, method=method, explanation="scores", epochs=15)
        )
        trainer.run()
        batch = VALID.batch(np.arange(len(VALID)))
        with torch.no_grad():
            output = trainer.student(batch.piece_ids, batch.mask)
        cosine = torch.nn.functional.cosine_similarity
        explained = trainer_module._explanation(trainer.config, output, batch)
        return float(cosine(explained, batch.attributions).mean())

    assert agreement("dixtill") > agreement("kl") + 0.1


def softmax(values: list[float], temperature: float = 1.0) -> list[float]:
    powers = [math.exp(value / temperature) for value in values]
    return [power / sum(powers) for power in powers]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def cross_entropy_by_hand(logits: list[list[float]], batch: Batch) -> float:
    labels = batch.labels.tolist()
    return mean([-math.log(softmax(row)[y]) for row, y in zip(logits, labels, strict=True)])


def kl_by_hand(logits: list[list[float]], batch: Batch, tau: float) -> float:
    rows = zip(batch.teacher_logits.tolist(), logits, strict=True)
    return tau**2 * mean(
        [
            sum(
                p * math.log(p / q)
                for p, q in zip(softmax(wanted, tau), softmax(given, tau), strict=True)
            )
            for wanted, given in rows
        ]
    )


def disagreement_by_hand(output, batch: Batch, explanation: str) -> float:
    """(1 - cos) / 2, averaged over texts, of the student's words and the teacher's."""
    rows = []
    for b, target in enumerate(batch.teacher_logits.argmax(dim=1).tolist()):
        words = [0.0] * batch.attributions.shape[1]
        counts = [0] * len(words)
        for t, word in enumerate(batch.word_of_piece[b].tolist()):
            if word >= 0:
                shares = output.contributions[b, t].tolist()
                is_scores = explanation == "scores"
                score = float(output.scores[b, t]) if is_scores else shares[target] - mean(shares)
                words[word] += score
                counts[word] += 1
        if explanation == "scores":
            words = [word / max(1, count) for word, count in zip(words, counts, strict=True)]
        theirs = batch.attributions[b, :, 0].tolist()
        dot = sum(mine * their for mine, their in zip(words, theirs, strict=True))
        rows.append((1 - dot / (math.hypot(*words) * math.hypot(*theirs))) / 2)
    return mean(rows)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "none"},
        {"method": "mse"},
        {"method": "kl"},
        {"method": "kl", "kl": "bounded", "temperature": 5.0},
        {"method": "dixtill"},
        {"method": "dixtill-paper", "kl": "bounded", "explanation": "scores"},
        {"method": "dixtill", "explanation": "scores", "temperature": 5.0},
        {"method": "dixtill", "alpha": 0.0},
        {"method": "dixtill", "alpha": 1.0},
    ],
    ids=str,
)
def test_the_loss_is_the_one_worked_out_by_hand(changes):
    config = replace(CONFIG, **changes)
    batch = TRAIN.batch(np.arange(9))
    with torch.no_grad():
        output = new_student().eval()(batch.piece_ids, batch.mask)
        actual = float(distillation_loss(config, output, batch))
    logits = output.logits.tolist()
    task = cross_entropy_by_hand(logits, batch)
    if config.method == "mse":
        pairs = zip(logits, batch.teacher_logits.tolist(), strict=True)
        imitation = mean([(s - t) ** 2 for row in pairs for s, t in zip(*row, strict=True)])
    else:
        imitation = kl_by_hand(logits, batch, config.temperature)
        if config.kl == "bounded":
            imitation = 1 - math.exp(-imitation)
    if config.is_explained:
        imitation += disagreement_by_hand(output, batch, config.explanation)
    alpha = 0.0 if config.method == "none" else config.alpha
    assert actual == pytest.approx((1 - alpha) * task + alpha * imitation, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", 1.1), ("alpha", -0.1), ("additivity", -1.0), ("perturbed", -1),
        ("temperature", 0.0), ("epochs", 0), ("patience", 0),
        ("batch_size", 0), ("learning_rate", 0.0), ("dropout", 1.0), ("unknown_rate", -0.1),
    ],
)  # fmt: skip
def test_a_config_out_of_range_is_refused(name, value):
    with pytest.raises(InputError, match=f"{name} is {value}, which is out of range"):
        DistillConfig(**{name: value})


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


@pytest.mark.parametrize("name", ["method", "kl", "explanation", "explained_classes", "merge"])
def test_an_unknown_choice_is_refused(name):
    with pytest.raises(InputError, match=f"unknown {name} 'other', expected one of "):
        DistillConfig(**{name: "other"})


def test_raw_scores_explain_one_class():
    assert DistillConfig.of("dixtill", explanation="scores").explained_classes == "predicted"
    with pytest.raises(InputError, match="raw scores explain one class"):
        DistillConfig(explanation="scores", explained_classes="all")


def test_each_method_has_its_own_settings_but_for_those_given():
    assert DistillConfig.of("dixtill") == DistillConfig()
    paper = DistillConfig.of("dixtill-paper")
    assert (paper.temperature, paper.kl, paper.explanation, paper.merge) == (
        5.0, "bounded", "scores", "mean",
    )  # fmt: skip
    assert (paper.explained_classes, paper.additivity, paper.perturbed) == ("predicted", 0.0, 0)
    assert DistillConfig.of("kl", kl="plain", seed=3) == replace(
        paper, method="kl", kl="plain", seed=3
    )


def test_the_loss_of_all_classes_is_of_their_centred_contributions():
    config = replace(CONFIG, explained_classes="all", alpha=1.0)
    batch = TRAIN.batch(np.arange(9))
    batch = batch._replace(attributions=torch.randn(9, batch.attributions.shape[1], 3))
    with torch.no_grad():
        output = new_student().eval()(batch.piece_ids, batch.mask)
        with_explanations = float(distillation_loss(config, output, batch))
        without = float(distillation_loss(replace(config, method="kl"), output, batch))
    rows = []
    for b in range(9):
        mine = torch.zeros(batch.attributions.shape[1], 3)
        for t, word in enumerate(batch.word_of_piece[b].tolist()):
            if word >= 0:
                mine[word] += output.contributions[b, t] - output.contributions[b, t].mean()
        theirs = batch.attributions[b]
        rows.append((1 - float((mine * theirs).sum() / (mine.norm() * theirs.norm()))) / 2)
    assert with_explanations - without == pytest.approx(mean(rows), abs=1e-5)


def test_texts_without_labels_add_nothing_to_the_cross_entropy():
    batch = TRAIN.batch(np.arange(8))
    half = batch._replace(labels=torch.where(torch.arange(8) < 4, batch.labels, NO_LABEL))
    output = new_student().eval()(batch.piece_ids, batch.mask)
    config = replace(CONFIG, method="none")
    losses_of = torch.nn.functional.cross_entropy(output.logits, batch.labels, reduction="none")
    actual = float(distillation_loss(config, output, half).detach())
    assert actual == pytest.approx(float(losses_of[:4].detach().sum() / 8), rel=1e-5)


def test_texts_lose_the_words_that_are_removed():
    batch = TRAIN.batch(np.arange(32))
    removed = random_words(batch.word_of_piece, batch.attributions.shape[1])
    ids, mask = without_words(batch, removed)
    for b in range(32):
        pairs = zip(batch.piece_ids[b].tolist(), batch.word_of_piece[b].tolist(), strict=True)
        kept = [piece for piece, word in pairs if word >= 0 and not removed[b, word]]
        assert ids[b][mask[b]].tolist() == kept
        assert mask[b].tolist() == [True] * len(kept) + [False] * (mask.shape[1] - len(kept))


def test_words_removed_are_words_of_the_text_at_least_one_and_all_in_turn():
    batch = TRAIN.batch(np.arange(32))
    num_words = batch.attributions.shape[1]
    words = batch.word_of_piece.amax(dim=1, keepdim=True) + 1
    ever = torch.zeros(32, num_words, dtype=torch.bool)
    for _ in range(200):
        removed = random_words(batch.word_of_piece, num_words) & (torch.arange(num_words) < words)
        assert removed.any(dim=1).all()
        ever |= removed
    assert torch.equal(ever, torch.arange(num_words) < words)


def test_additivity_makes_contributions_the_effects_of_absence(tmp_path):
    config = replace(CONFIG, epochs=15, dropout=0.0, unknown_rate=0.0, alpha=0.0)
    errors = {}
    for weight in (0.0, 3.0):
        trainer = new_trainer(tmp_path / str(weight), replace(config, additivity=weight))
        trainer.run()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            batch = VALID.batch(np.arange(24))
            errors[weight] = float(
                trainer._additivity(trainer.student(batch.piece_ids, batch.mask), batch)
            )
    assert errors[3.0] < 0.5 * errors[0.0]
