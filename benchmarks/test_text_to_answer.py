"""Times the way from a text to its answer, one text at a time, as a user waits for it.

The peers give a label; dixtill gives a label with a weight for each word. Students of other cells
than the shipped one's have random parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from torch import nn

import dixtill
from benchmarks import names, peers
from benchmarks.cell_students import check_as_specified
from benchmarks.conftest import Compare
from benchmarks.onnx_models import Session, quantized
from benchmarks.rounds import Candidate
from benchmarks.shipped_student import explained, labeled, specified, word_pieces
from benchmarks.teachers import Logits, in_onnx_runtime, in_pytorch
from benchmarks.texts import LABELS, TWEET_LABELS, TWEETS
from benchmarks.trained import Trained, tfidf_logistic_regression
from dixtill.distillation.teacher.compression import (
    dynamic_int8,
    prune_attention_heads,
    stored_bytes,
)
from dixtill.runtime.targets import supported_targets
from dixtill.specification.model_file import StudentModel

MEGABYTE = 1e6
# Bounds on the difference from the uncompressed model's logits, the largest of which is about 0.3:
# for rounding, for int8, and for half of the attention heads, with random weights.
TOLERANCE = {"float32": 1e-4, "int8": 0.05, "pruned": 0.3}

# Warnings from inside quantize_dynamic, the PTQ that the paper measures.
pytestmark = pytest.mark.filterwarnings(
    "ignore:torch.quantize_per_tensor, torch.quantize_per_channel"
)


class Transformer(NamedTuple):
    name: str
    logits: Logits
    num_bytes: int
    original: Logits  # logits of the model before it was compressed
    tolerance: float


@pytest.fixture(scope="module")
def transformers(
    bert: nn.Module,
    minilm: nn.Module,
    tokenizer: Any,
    bert_onnx: Path | None,
    minilm_onnx_int8: Path | None,
) -> list[Transformer]:
    """Return the transformers to time; the first is the baseline."""
    teacher, small = in_pytorch(bert, tokenizer), in_pytorch(minilm, tokenizer)

    def in_torch(name: str, model: nn.Module, original: Logits, kind: str) -> Transformer:
        logits = in_pytorch(model, tokenizer)
        return Transformer(name, logits, stored_bytes(model), original, TOLERANCE[kind])

    def in_ort(name: str, path: Path, original: Logits, kind: str) -> Transformer:
        logits = in_onnx_runtime(Session(path), tokenizer)
        return Transformer(name, logits, path.stat().st_size, original, TOLERANCE[kind])

    models = [
        in_torch(names.TEACHER, bert, teacher, "float32"),
        in_torch(names.PTQ, dynamic_int8(bert), teacher, "int8"),
        in_torch(names.AHP6, prune_attention_heads(bert, keep=6), teacher, "pruned"),
        in_torch(names.MINILM, minilm, small, "float32"),
    ]
    if bert_onnx and minilm_onnx_int8:
        models += [
            in_ort(names.BERT_ORT, bert_onnx, teacher, "float32"),
            in_ort(names.BERT_ORT_INT8, quantized(bert_onnx, ["MatMulInteger"]), teacher, "int8"),
            in_ort(names.MINILM_ORT_INT8, minilm_onnx_int8, small, "int8"),
        ]
    return models


@pytest.fixture(scope="module")
def trained(fasttext_model: Trained | None) -> dict[str, Trained]:
    models = {}
    if fasttext_model:
        models[names.FASTTEXT] = fasttext_model
    if peers.is_installed("scikit-learn"):
        models[names.LINEAR] = tfidf_logistic_regression()
    return models


@pytest.mark.parametrize("num_words", TWEETS)
def test_text_to_answer(
    compare: Compare,
    transformers: list[Transformer],
    trained: Mapping[str, Trained],
    student: StudentModel,
    num_words: int,
) -> None:
    text = TWEETS[num_words]
    compare(
        names.text_to_answer(num_words),
        [
            *(_by_transformer(transformer, text) for transformer in transformers),
            *(_by_trained(name, model, num_words) for name, model in trained.items()),
            _tokenizers_alone(student, text),
            *_by_dixtill(student, text),
        ],
    )


@pytest.mark.parametrize("num_words", TWEETS)
def test_text_to_answer_by_cell(
    compare: Compare,
    cell_students: Mapping[str, StudentModel],
    fasttext_model: Trained | None,
    num_words: int,
) -> None:
    by_cell = [
        _every_word_read(cell, student, TWEETS[num_words])
        for cell, student in cell_students.items()
    ]
    peer = [_by_trained(names.FASTTEXT, fasttext_model, num_words)] if fasttext_model else []
    compare(names.text_to_answer_by_cell(num_words), [*by_cell, *peer])


def _every_word_read(cell: str, student: StudentModel, text: str) -> Candidate:
    classifier = dixtill.load(student.content)
    return Candidate(
        names.of_cell(cell, names.words_read(classifier.kernel)),
        partial(explained, classifier, text),
        partial(check_as_specified, student, text),
        {"size_mb": len(student.content) / MEGABYTE},
    )


def _by_transformer(transformer: Transformer, text: str) -> Candidate:
    logits = transformer.logits

    def label() -> str:
        return LABELS[int(logits(text)[0].argmax())]

    def check(label: str) -> None:
        answer, expected = logits(text)[0], transformer.original(text)[0]
        np.testing.assert_allclose(answer, expected, rtol=0, atol=transformer.tolerance)
        assert label == LABELS[int(answer.argmax())]

    return Candidate(transformer.name, label, check, {"size_mb": transformer.num_bytes / MEGABYTE})


def _by_trained(name: str, model: Trained, num_words: int) -> Candidate:
    text, expected = TWEETS[num_words], TWEET_LABELS[num_words]

    def check(label: str) -> None:
        assert label == expected

    return Candidate(
        name, lambda: model.label(text), check, {"size_mb": model.num_bytes / MEGABYTE}
    )


def _tokenizers_alone(student: StudentModel, text: str) -> Candidate:
    encode = word_pieces(student.vocabulary).encode

    def check(encoded: Any) -> None:
        assert len(encoded.ids) >= len(text.split())

    return Candidate(names.TOKENIZERS, lambda: encode(text), check)


def _by_dixtill(student: StudentModel, text: str) -> Iterator[Candidate]:
    """Answer on each target, with the same bits as the specification."""
    expected = specified(student, text).probabilities[0].tolist()

    def check(answer: dixtill.Prediction) -> None:
        assert list(answer.probabilities.values()) == expected
        assert [word.text for word in answer.words if word.text.isalpha()]

    size = {"size_mb": Path(dixtill.SHIPPED_MODEL).stat().st_size / MEGABYTE}
    for target in supported_targets():
        classifier = dixtill.load(dixtill.SHIPPED_MODEL, kernel=target)
        yield Candidate(names.dixtill(target), partial(labeled, classifier, text), check, size)
    best = dixtill.load(dixtill.SHIPPED_MODEL)
    yield Candidate(names.words_read(best.kernel), partial(explained, best, text), check, size)
