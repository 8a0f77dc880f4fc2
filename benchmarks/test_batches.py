"""Lists of texts at once, on one and two threads, as in a job over many texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dixtill
from benchmarks import names
from benchmarks.conftest import Compare
from benchmarks.onnx_models import Session
from benchmarks.rounds import Candidate
from benchmarks.shipped_student import specified
from benchmarks.teachers import in_onnx_runtime
from benchmarks.texts import made_up_tweets
from benchmarks.trained import Trained
from dixtill.runtime.targets import supported_targets
from dixtill.specification.model_file import StudentModel

SIZES = (1, 8, 64, 1024)
MOST_FOR_TRANSFORMER = 64  # more would take seconds
THREADS = (1, 2)
SECONDS = 5.0
NUM_CHECKED = 8


@pytest.mark.parametrize("num_threads", THREADS)
@pytest.mark.parametrize("size", SIZES)
def test_batches(
    compare: Compare,
    monkeypatch: pytest.MonkeyPatch,
    student: StudentModel,
    tokenizer: Any,
    fasttext_model: Trained | None,
    minilm_onnx_int8: Path | None,
    size: int,
    num_threads: int,
) -> None:
    monkeypatch.setenv("DIXTILL_NUM_THREADS", str(num_threads))
    tweets = made_up_tweets(size + 2, seed=1)[2:]
    texts = [text for text, _ in tweets]
    candidates = []
    if minilm_onnx_int8 and size <= MOST_FOR_TRANSFORMER:
        candidates.append(_by_transformer(minilm_onnx_int8, tokenizer, texts, num_threads))
    if fasttext_model and num_threads == 1:  # it cannot answer on a second thread
        candidates.append(_by_fasttext(fasttext_model, tweets))
    candidates.append(_by_dixtill(student, texts))
    compare(names.batches(size, num_threads), candidates, seconds=SECONDS)


def _facts(texts: Sequence[str]) -> dict[str, float]:
    return {"texts": len(texts)}


def _by_transformer(path: Path, tokenizer: Any, texts: list[str], num_threads: int) -> Candidate:
    logits = in_onnx_runtime(Session(path, num_threads), tokenizer)
    alone = in_onnx_runtime(Session(path), tokenizer)

    def check(answers: np.ndarray) -> None:
        """Check the logits; padding changes them only through the scales of int8."""
        assert answers.shape == (len(texts), 3)
        for text, answer in zip(texts[:NUM_CHECKED], answers, strict=False):
            np.testing.assert_allclose(answer, alone(text)[0], rtol=0, atol=0.05)

    return Candidate(names.MINILM_ORT_INT8, lambda: logits(texts), check, _facts(texts))


def _by_fasttext(model: Trained, tweets: Sequence[tuple[str, str]]) -> Candidate:
    texts, expected = [text for text, _ in tweets], [label for _, label in tweets]

    def check(labels: list[str]) -> None:
        assert labels == expected  # a made-up corpus is easy

    return Candidate(names.FASTTEXT, lambda: model.labels(texts), check, _facts(texts))


def _by_dixtill(student: StudentModel, texts: list[str]) -> Candidate:
    classifier = dixtill.load(dixtill.SHIPPED_MODEL)

    def check(answers: list[dixtill.Prediction]) -> None:
        assert len(answers) == len(texts)
        for text, answer in zip(texts[:NUM_CHECKED], answers, strict=False):
            expected = specified(student, text) if "http" not in text else None
            if expected:  # dixtill first removes URLs from a text
                assert list(answer.probabilities.values()) == expected.probabilities[0].tolist()

    best = names.dixtill(supported_targets()[0])
    return Candidate(best, lambda: classifier(texts), check, _facts(texts))
