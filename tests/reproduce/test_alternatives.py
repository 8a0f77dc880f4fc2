"""The alternatives to a student learn, and answer single texts as they answer many at once."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.reproduce import fast_text, svm
from benchmarks.reproduce.corpora import Corpora

from dixtill.distillation.data.corpus import Corpus

MOVES = ("falls and drops", "rises and jumps", "opens its shop")


def corpus(numbers: range) -> Corpus:
    texts = tuple(f"Bank {number} {MOVES[number % 3]}, it said!\n" for number in numbers)
    return Corpus(texts, tuple(number % 3 for number in numbers), ("down", "up", "flat"))


@pytest.fixture(scope="module")
def corpora() -> Corpora:
    return Corpora(corpus(range(90)), corpus(range(90, 120)), corpus(range(120, 150)))


def test_the_svm_learns_and_chooses_its_cost(corpora):
    fitted = svm.fit(corpora)
    answers = fitted.ask_all(corpora.test)
    assert answers["predicted"] == list(corpora.test.labels)
    assert answers["probabilities"] is None
    assert [fitted.ask(text) for text in corpora.test.texts] == answers["predicted"]
    assert fitted.chosen["C"] in svm.COSTS
    assert fitted.num_bytes > 1000


@pytest.mark.parametrize("quantized", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_fasttext_learns_and_its_seeds_differ(corpora, quantized, monkeypatch):
    pytest.importorskip("fasttext")
    monkeypatch.setattr(fast_text, "BUCKETS", 1000)  # two million are 800 MB
    chosen = {"lr": 1.0, "epoch": 25}
    first, other = (fast_text.fit(corpora, seed, quantized, chosen) for seed in (0, 1))
    answers, others = first.ask_all(corpora.test), other.ask_all(corpora.test)
    assert np.mean(np.equal(answers["predicted"], corpora.test.labels)) > 0.9
    assert [first.ask(text) for text in corpora.test.texts] == answers["predicted"]
    assert answers["probabilities"] != others["probabilities"]
    assert np.sum(answers["probabilities"], axis=1) == pytest.approx(1, abs=1e-5)
