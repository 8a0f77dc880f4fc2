"""Tests random words, texts without them, and the loss of additivity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from dixtill.distillation.config import DistillConfig
from dixtill.distillation.network.student import Student, StudentOutput
from dixtill.distillation.student import objective
from dixtill.distillation.student.examples import Batch, Examples
from dixtill.distillation.student.objective import random_word, without_words
from dixtill.distillation.student.trainer import StudentTrainer
from dixtill.specification.words import TokenizedText

NUM_PIECES = 9
CONFIG = DistillConfig(
    explanation="contributions",
    epochs=1,
    embedding_dim=4,
    hidden_dim=3,
    attention_dim=2,
    dropout=0.0,
    unknown_rate=0.0,
)
word_sizes = st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=5), min_size=1, max_size=5)


def examples(sizes: list[list[int]]) -> Examples:
    """Texts, given the number of pieces of each of their words."""
    texts = []
    for row, text in enumerate(sizes):
        words = [word for word, pieces in enumerate(text) for _ in range(pieces)]
        ids = [(7 * row + 3 * at) % NUM_PIECES for at in range(len(words))]
        spans = [(2 * word, 2 * word + 1) for word in range(len(text))]
        texts.append(TokenizedText(ids, words, spans, truncated=False))
    labels = torch.arange(len(texts)) % 3
    logits = 6 * torch.nn.functional.one_hot(labels, 3).float()
    return Examples.of(texts, labels, logits, [np.zeros((len(text), 3)) for text in sizes], 3)


def whole_batch(of: Examples) -> Batch:
    return of.batch(np.arange(len(of)))


def new_trainer(folder: Path, data: Examples, student: nn.Module, **changes) -> StudentTrainer:
    config = DistillConfig(**{**CONFIG.__dict__, **changes})
    return StudentTrainer(student, config, data, data, 0, folder)


def new_student(cell: str = "lstm", has_null_score: bool = True) -> Student:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = replace(CONFIG, cell=cell, null_score=has_null_score)
        student = Student.of(config, NUM_PIECES, 3)
        for parameter in filter(lambda found: found.requires_grad, student.parameters()):
            nn.init.normal_(parameter)
        return student.eval()


@settings(deadline=None)
@given(word_sizes, st.integers(0, 1000), st.integers(0, 2))
def test_one_word_of_each_text_is_chosen_and_never_padding(sizes, seed, wider):
    batch = whole_batch(examples(sizes))
    num_words = batch.attributions.shape[1] + wider
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        chosen = random_word(batch.word_of_piece, num_words)
    assert chosen.shape == (len(sizes), num_words)
    assert chosen.dtype == torch.bool
    for row, text in zip(chosen, sizes, strict=True):
        assert row.sum() == row[: len(text)].sum() == 1


def test_every_word_is_chosen_about_as_often():
    word_of_piece = torch.arange(10).expand(20_000, 10)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        chosen = random_word(word_of_piece, 10)
    torch.testing.assert_close(
        chosen.float().mean(dim=0), torch.full((10,), 0.1), atol=0.01, rtol=0
    )


@settings(deadline=None)
@given(word_sizes, st.randoms(use_true_random=False))
def test_words_are_left_out_as_from_a_list(sizes, random):
    data = examples(sizes)
    batch = whole_batch(data)
    removed = torch.tensor(
        [[random.random() < 0.5 for _ in range(batch.attributions.shape[1])] for _ in sizes]
    )
    ids, mask = without_words(batch, removed)
    kept = [
        [
            piece
            for piece, word in zip(pieces.tolist(), words.tolist(), strict=True)
            if not out[word]
        ]
        for pieces, words, out in zip(
            data.piece_ids, data.word_of_piece, removed.tolist(), strict=True
        )
    ]
    assert ids.shape == mask.shape == (len(sizes), max(1, *map(len, kept)) if kept else 1)
    for row, pieces in enumerate(kept):
        assert ids[row, : len(pieces)].tolist() == pieces
        assert mask[row].tolist() == [True] * len(pieces) + [False] * (ids.shape[1] - len(pieces))


class Additive(nn.Module):
    """A student in which each piece adds its own row to the logits, whatever its neighbors are."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.Embedding(NUM_PIECES, 3)
        self.bias = nn.Parameter(torch.tensor([0.5, -2.0, 1.0]))

    def forward(self, piece_ids: Tensor, mask: Tensor) -> StudentOutput:
        contributions = self.rows(piece_ids) * mask[..., None]
        zeros = torch.zeros(mask.shape)
        logits = contributions.sum(dim=1) + self.bias
        attended = torch.zeros(len(mask), 2)
        return StudentOutput(logits, zeros, zeros, attended, lambda: contributions)


SIZES = [[1, 2, 1], [3], [1, 1, 1, 1, 1, 1], [2, 2]]
EXPLAINED = [
    ("lstm", "gates"), ("lstm", "contributions"), ("gru", "gates"), ("linear", "contributions")
]  # fmt: skip


def test_a_student_that_adds_its_words_up_has_nothing_to_learn(tmp_path):
    trainer = new_trainer(tmp_path, examples(SIZES), Additive())
    batch = whole_batch(examples(SIZES))
    for seed in range(5):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            loss = objective._additivity(
                CONFIG, trainer.student, trainer.student(batch.piece_ids, batch.mask), batch
            )
        assert float(loss.detach()) == pytest.approx(0, abs=1e-10)


def huber(error: float) -> float:
    return error**2 / 2 if abs(error) < 1 else abs(error) - 0.5


def weights_by_gates(contributed: Tensor, attention: list[float]) -> list[float]:
    """Integrate over 2,000 openings of the gates; `contributed` [words] is for one class."""
    closed, attended = 1 - sum(attention), sum(attention)
    steps = (torch.arange(2000).double() + 0.5) / 2000
    share = 1 / (closed + steps * attended)  # normalizes attention at each opening
    total = float(contributed.sum())
    return [
        float((c * share - a * total * steps * share**2).mean())
        for c, a in zip(contributed.tolist(), attention, strict=True)
    ]


@pytest.mark.parametrize(("cell", "explanation"), EXPLAINED)
def test_the_loss_is_that_of_a_loop_over_texts_read_again_without_their_words(
    monkeypatch, cell, explanation
):
    data, student = examples(SIZES), new_student(cell)
    batch = whole_batch(data)
    removed = torch.tensor(
        [[0, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 1], [0, 1, 0, 0, 0, 0]]
    ).bool()
    monkeypatch.setattr(objective, "random_word", lambda *_: removed)
    student.eval()
    errors = []
    with torch.no_grad():
        config = replace(CONFIG, explanation=explanation)
        output = student(batch.piece_ids, batch.mask)
        actual = float(objective._additivity(config, student, output, batch))
        for row, out in enumerate(removed.tolist()):
            ids, places = data.piece_ids[row].tolist(), data.word_of_piece[row].tolist()
            kept = [piece for piece, word in zip(ids, places, strict=True) if not out[word]]
            num_words = places[-1] + 1
            whole = student(torch.tensor([ids]), torch.ones(1, len(ids)).bool())
            # The text of one word becomes empty: its logits are the bias.
            rest = (
                student(torch.tensor([kept]), torch.ones(1, len(kept)).bool()).logits[0]
                if kept
                else student.head.bias
            )
            change = (whole.logits[0] - rest).tolist()
            pieces = whole.contributions[0].double()
            words = torch.zeros(num_words, 3).double()
            words.index_add_(0, torch.tensor(places), pieces)
            attention = torch.zeros(num_words).double()
            attention.index_add_(0, torch.tensor(places), whole.attention[0].double())
            if explanation == "gates":
                by_class = [weights_by_gates(words[:, k], attention.tolist()) for k in range(3)]
                words = torch.tensor(by_class).T
            lost = torch.tensor(out[:num_words])
            weights = words - words.mean(dim=1, keepdim=True)
            unit = 0.1 + float(weights.abs().mean())
            shares = weights[lost].sum(dim=0).tolist()
            errors += [huber((shares[k] - (change[k] - sum(change) / 3)) / unit) for k in range(3)]
    assert actual == pytest.approx(sum(errors) / len(errors), rel=5e-5)
    assert actual > 0.005  # it is not additive


@pytest.mark.parametrize(("cell", "explanation"), EXPLAINED)
def test_a_text_left_with_nothing_has_finite_gradients(cell, explanation):
    config = replace(CONFIG, explanation=explanation)
    data, student = examples([[1], [2], [1]]), new_student(cell)
    batch = whole_batch(data)
    loss = objective._additivity(config, student, student(batch.piece_ids, batch.mask), batch)
    assert float(loss.detach()) == pytest.approx(0, abs=1e-10)  # a single word has the whole effect
    loss.backward()
    for parameter in student.parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all()


def test_the_term_of_additivity_is_weighted_and_added(tmp_path, monkeypatch):
    """A step's loss is linear in the weight; with the weight 0, no word is left out."""
    data = examples(SIZES)
    removed = torch.zeros(4, 6).bool()
    removed[:, 0] = True

    def step(additivity: float) -> float:
        monkeypatch.setattr(objective, "random_word", lambda *_: removed)
        if additivity == 0:
            monkeypatch.setattr(objective, "random_word", lambda *_: pytest.fail("asked"))
        trainer = new_trainer(
            tmp_path / str(additivity), data, new_student(), method="kl", additivity=additivity
        )
        return trainer._train_step(whole_batch(data))["loss"]

    without, one, three = step(0.0), step(1.0), step(3.0)
    assert one > without
    assert three - without == pytest.approx(3 * (one - without), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "explanation"), EXPLAINED)
def test_training_for_additivity_makes_weights_the_effects_of_leaving_words_out(
    tmp_path, cell, explanation
):
    rng = np.random.default_rng(0)
    data = examples([rng.integers(1, 3, rng.integers(2, 7)).tolist() for _ in range(60)])

    config = replace(CONFIG, explanation=explanation)

    def additivity(weight: float) -> float:
        trainer = new_trainer(
            tmp_path / str(weight), data, new_student(cell, explanation == "gates"),
            method="kl", additivity=weight, explanation=explanation,
            epochs=30, batch_size=20, learning_rate=0.02,
        )  # fmt: skip
        trainer.run()
        # Take the last epoch: with these random labels, the best epoch may be an early one.
        state = torch.load(tmp_path / str(weight) / "checkpoint.pt", weights_only=True)
        trainer.student.load_state_dict(state["student"])
        batch = whole_batch(data)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            return float(
                objective._additivity(
                    config, trainer.student, trainer.student(batch.piece_ids, batch.mask), batch
                )
            )

    assert additivity(3.0) < 0.6 * additivity(0.0)
