"""The golden vectors: up to date with the specification, and answered by the Python module."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from random_students import assert_same_bits, kernel_of, same_bits

from dixtill.specification.kernels import ig_accumulate

TOOL = Path(__file__).parents[2] / "tools" / "make_golden_vectors.py"
sys.path.append(str(TOOL.parent))  # it imports files beside it


@pytest.fixture(scope="module")
def golden() -> ModuleType:
    spec = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[TOOL.stem] = module  # where dataclasses look for annotations
    spec.loader.exec_module(module)
    return module


def test_the_file_is_what_the_specification_says_now(golden):
    is_current = golden.TARGET.read_bytes() == golden.encode()
    assert is_current, "the specification has changed: run python tools/make_golden_vectors.py"


def test_a_target_answers_every_student(golden, target):
    for student in golden.students():
        kernel = kernel_of(student.weights, target)
        assert_same_bits(kernel(student.piece_ids, student.offsets), student.expected)


def test_a_target_answers_every_accumulation(golden, target):
    for case in golden.accumulations():
        inputs = (case.gradients, case.step_weights, case.delta, case.word_index, case.num_words)
        assert same_bits(ig_accumulate(*inputs, target=target), case.expected)


def test_the_generator_gives_the_published_numbers(golden):
    """The first outputs of SplitMix64 for the seed 1234567."""
    assert golden.SplitMix64(1234567).integers(3).tolist() == [
        6457827717110365317, 3203168211198807973, 9817491932198370423
    ]  # fmt: skip
