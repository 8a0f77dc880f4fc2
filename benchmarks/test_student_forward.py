"""The student's network alone, from piece ids: the kernels, and others that run such networks.

The shipped student runs beside PyTorch and ONNX Runtime; students of each cell with random
parameters run beside ONNX Runtime. PyTorch's eager student returns what the kernels return. All
other peers return only logits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import names, peers
from benchmarks.conftest import Compare
from benchmarks.linear_states import LinearStates
from benchmarks.onnx_models import Session, export, quantized
from benchmarks.rounds import Candidate
from benchmarks.shipped_student import (
    LogitsOfFullTexts,
    compiled,
    random_batch,
)
from dixtill.distillation.network.linear_cell import LinearCell
from dixtill.distillation.network.quantize import dequantized
from dixtill.distillation.network.student import Student
from dixtill.distillation.teacher.compression import dynamic_int8
from dixtill.runtime.targets import supported_targets
from dixtill.specification import kernels, reference
from dixtill.specification.forward import Forward
from dixtill.specification.model_file import StudentModel
from dixtill.specification.parameters import pack_nibbles

PARTS = ("logits", "probabilities", "scores", "attention", "contributions")
TOLERANCE = 0.05  # of the largest logit: with int8 activations, without
# Operators that ONNX Runtime's int8 student of a cell has, and has not. There is no int8 GRU.
INT8_OPERATORS = {
    "lstm": (["DynamicQuantizeLSTM", "MatMulInteger"], ["LSTM", "MatMul", "Gemm"]),
    "gru": (["GRU", "MatMulInteger"], ["MatMul", "Gemm"]),
    "linear": (["MatMulInteger"], ["MatMul", "Gemm"]),
}

Batch = tuple[int, int]
BATCHES: list[Batch] = [(1, 12), (1, 32), (64, 32)]  # texts, pieces
MOST_UNTIMED = 8  # texts of each cell: the reference takes 20 ms for one

# From inside torch.compile.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated")


@pytest.fixture(scope="module")
def float_student(student: StudentModel) -> Student:
    return dequantized(student.parameters)


@pytest.fixture(scope="module")
def sessions(float_student: Student, folder: Path) -> dict[str, Session]:
    if not peers.is_installed("ONNX Runtime"):
        return {}
    ids = torch.zeros(2, 8, dtype=torch.long)
    path = export(LogitsOfFullTexts(float_student), {"ids": ids}, folder / "student.onnx")
    return {
        names.STUDENT_ORT: Session(path),
        names.STUDENT_ORT_INT8: Session(quantized(path, needs=["DynamicQuantizeLSTM"])),
    }


@torch.inference_mode()
@pytest.mark.parametrize("batch", BATCHES, ids=str)
def test_student_forward(
    compare: Compare,
    student: StudentModel,
    float_student: Student,
    sessions: dict[str, Session],
    is_timed: bool,
    batch: Batch,
) -> None:
    ids, offsets = random_batch(student.parameters.shape.num_pieces, *batch)
    expected = reference.forward(student.parameters, ids, offsets)
    rows = torch.from_numpy(ids).long().view(batch)
    candidates = [
        *_in_pytorch(float_student, rows, expected, compiles=is_timed or batch == BATCHES[0]),
        *_in_onnx_runtime(sessions, rows, expected),
        *_by_kernels(student, ids, offsets, expected, supported_targets()),
    ]
    with torch._dynamo.config.patch(allow_rnn=True):  # else the LSTM is not compiled
        compare(names.student_forward(*batch), candidates)


@torch.inference_mode()
@pytest.mark.parametrize("batch", BATCHES, ids=str)
def test_forward_by_cell(
    compare: Compare,
    cell_students: Mapping[str, StudentModel],
    folder: Path,
    is_timed: bool,
    batch: Batch,
) -> None:
    num_texts, length = batch if is_timed else (min(batch[0], MOST_UNTIMED), batch[1])
    candidates: list[Candidate] = []
    for cell, student in cell_students.items():
        ids, offsets = random_batch(student.shape.num_pieces, num_texts, length)
        expected = reference.forward(student.parameters, ids, offsets)
        rows = torch.from_numpy(ids).long().view(num_texts, length)
        own = [
            *_in_onnx_runtime(_sessions_of(student, rows, folder), rows, expected),
            *_by_kernels(student, ids, offsets, expected, supported_targets()[:1]),
        ]
        candidates += [replace(each, name=names.of_cell(cell, each.name)) for each in own]
    compare(names.forward_by_cell(*batch), candidates)


def _sessions_of(student: StudentModel, rows: torch.Tensor, folder: Path) -> dict[str, Session]:
    """Return sessions by name, for texts of as many pieces as `rows` has."""
    if not peers.is_installed("ONNX Runtime"):
        return {}
    cell, (num_texts, length) = student.shape.cell, rows.shape
    module = dequantized(student.parameters)
    states = None
    if isinstance(module.cell, LinearCell):
        states = LinearStates(module.cell, length, by_doubling=num_texts == 1)
    path = folder / f"{cell}-{student.shape.hidden_dim}-{num_texts}-{length}.onnx"
    export(LogitsOfFullTexts(module, states), {"ids": rows}, path)
    int8 = quantized(path, *INT8_OPERATORS[cell], has_reduced_range=True)
    return {names.STUDENT_ORT: Session(path), names.student_ort_int8(cell): Session(int8)}


def _close_to(expected: Forward) -> Callable[[np.ndarray | torch.Tensor], None]:
    def check(logits: np.ndarray | torch.Tensor) -> None:
        error = np.abs(np.asarray(logits) - expected.logits).max()
        assert error <= TOLERANCE * np.abs(expected.logits).max()

    return check


def _in_pytorch(
    student: Student, rows: torch.Tensor, expected: Forward, compiles: bool
) -> Iterator[Candidate]:
    module, mask = LogitsOfFullTexts(student).eval(), torch.ones_like(rows, dtype=torch.bool)
    check, int8_module = _close_to(expected), dynamic_int8(module, (nn.LSTM, nn.Linear))
    yield Candidate(names.EAGER, lambda: student(rows, mask).logits, check)
    yield Candidate(names.EAGER_LOGITS, lambda: module(rows), check)
    yield Candidate(names.TORCH_INT8, lambda: int8_module(rows), check)
    if compiles and peers.is_installed(peers.COMPILER):
        yield _by_compiler(module, rows, check)


def _by_compiler(
    module: torch.nn.Module, rows: torch.Tensor, check: Callable[[torch.Tensor], None]
) -> Candidate:
    call = compiled(module)

    def check_that_it_compiled(logits: torch.Tensor) -> None:
        check(logits)
        from torch._dynamo.utils import counters

        assert counters["stats"]["unique_graphs"]

    return Candidate(names.COMPILED, lambda: call(rows), check_that_it_compiled)


def _in_onnx_runtime(
    sessions: dict[str, Session], rows: torch.Tensor, expected: Forward
) -> Iterator[Candidate]:
    inputs = {"ids": rows.numpy()}
    for name, session in sessions.items():
        yield Candidate(name, partial(session, inputs), _close_to(expected))


def _by_kernels(
    student: StudentModel,
    ids: np.ndarray,
    offsets: np.ndarray,
    expected: Forward,
    targets: Sequence[str],
) -> Iterator[Candidate]:
    def check(answer: Forward) -> None:
        for part in PARTS:
            np.testing.assert_array_equal(getattr(answer, part), getattr(expected, part))

    packed, embedding = kernels.pack_parameters(student.parameters), student.parameters.embedding_q8
    if student.parameters.embedding_bits == 4:
        embedding = pack_nibbles(embedding)
    for target in targets:
        answer = partial(kernels.forward, packed, embedding, ids, offsets, target)
        yield Candidate(names.dixtill(target), answer, check)
