"""From a text to an answer, one at a time: what a user waits for.

The transformers give a label; dixtill gives a label with a weight for each word.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dixtill
from dixtill.runtime.targets import supported_targets
from dixtill.runtime.model_file import StudentModel, read_model
from dixtill.training.compression import dynamic_int8, prune_attention_heads, stored_bytes

from .conftest import Measure
from .contestants import (
    LABELS,
    TWEETS,
    bert_base,
    bert_tokenizer,
    eager_student,
    specified,
    transformer,
)

pytestmark = [
    pytest.mark.parametrize("num_words", TWEETS),
    # From inside quantize_dynamic, which is the PTQ that the paper measures.
    pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor, torch.quantize_per_channel"),
]

Logits = Callable[[str], Tensor]
MEGABYTE = 1e6


@pytest.fixture(scope="module")
def student(student_path: Path) -> StudentModel:
    return read_model(student_path)


@pytest.fixture(scope="module")
def teacher() -> nn.Module:
    return bert_base()


@pytest.fixture(scope="module")
def tokenizer(student: StudentModel) -> Any:
    return bert_tokenizer(student)


@pytest.fixture(scope="module")
def ptq(teacher: nn.Module) -> nn.Module:
    return dynamic_int8(teacher)


@pytest.fixture(scope="module")
def ahp6(teacher: nn.Module) -> nn.Module:
    return prune_attention_heads(teacher, keep=6)


def group(num_words: int) -> str:
    return f"text to answer, {num_words} words"


def label_by(logits: Logits, text: str, labels: tuple[str, ...] = LABELS) -> Callable[[], str]:
    return lambda: labels[int(logits(text).argmax())]


def test_teacher(measure: Measure, teacher: nn.Module, tokenizer: Any, num_words: int) -> None:
    logits, text = transformer(teacher, tokenizer), TWEETS[num_words]
    assert logits(text).shape == (len(LABELS),)
    assert logits(text).isfinite().all()
    measure(
        group(num_words), "BERT-base teacher", label_by(logits, text),
        size_mb=stored_bytes(teacher) / MEGABYTE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fixture", "tolerance"),  # half of the attention heads are a third of a logit
    [("PTQ, int8", "ptq", 0.05), ("AHP-6", "ahp6", 0.3)],
)
def test_compressed_teacher(
    measure: Measure,
    request: pytest.FixtureRequest,
    teacher: nn.Module,
    tokenizer: Any,
    name: str,
    fixture: str,
    tolerance: float,
    num_words: int,
) -> None:
    compressed: nn.Module = request.getfixturevalue(fixture)
    logits, text = transformer(compressed, tokenizer), TWEETS[num_words]
    expected = transformer(teacher, tokenizer)(text)
    torch.testing.assert_close(logits(text), expected, rtol=0, atol=tolerance)
    measure(
        group(num_words), name, label_by(logits, text),
        size_mb=stored_bytes(compressed) / MEGABYTE,
    )  # fmt: skip


def test_student_in_pytorch(measure: Measure, student: StudentModel, num_words: int) -> None:
    logits, text = eager_student(student), TWEETS[num_words]
    expected = specified(student, text).logits[0]
    assert np.abs(logits(text).numpy() - expected).max() <= 0.1 * np.abs(expected).max()
    num_bytes = 4 * sum(array.size for array in vars(student.weights).values())
    measure(
        group(num_words), "student in PyTorch", label_by(logits, text, student.labels),
        size_mb=num_bytes / MEGABYTE,
    )  # fmt: skip


@pytest.mark.parametrize("target", supported_targets())
def test_dixtill(
    measure: Measure, student: StudentModel, student_path: Path, target: str, num_words: int
) -> None:
    classifier, text = dixtill.load(student_path, kernel=target), TWEETS[num_words]
    probabilities = specified(student, text).probabilities[0].tolist()
    answer = classifier(text)
    assert list(answer.probabilities.values()) == probabilities  # to the last bit
    assert answer.words
    measure(
        group(num_words), f"dixtill, {target}", lambda: classifier(text),
        size_mb=student_path.stat().st_size / MEGABYTE,
    )  # fmt: skip
