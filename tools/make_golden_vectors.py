"""Write tests/golden/golden.bin: inputs of the kernels, and the exact bits of their answers.

The answers come from specification/reference.py: run it again whenever that changes;
tests/native/test_golden.py says when that is needed. tests/golden/golden_file.h reads the file,
and says what is in it.

    python tools/make_golden_vectors.py
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from golden_familiarity import FamiliarTexts, familiar_texts
from split_mix import FloatArray, SplitMix64

from dixtill.runtime.model_file.shape import CELLS, OUTPUTS, Shape, StudentShape
from dixtill.specification import reference
from dixtill.specification.forward import Forward
from dixtill.specification.parameters import NO_NULL_SCORE, StudentParameters, pack_nibbles

TARGET = Path(__file__).parents[1] / "tests" / "golden" / "golden.bin"
MAGIC = b"DIXGOLD7"
LENGTHS = (0, 1, 6, 0, 40, 3, 0)  # of the texts in a batch
NUM_PIECES = 13  # of each student


@dataclass(frozen=True)
class Recipe:
    """The sizes of a student, and how its weights are drawn."""

    name: str
    embedding_dim: int
    hidden_dim: int
    attention_dim: int
    num_classes: int
    lengths: tuple[int, ...] = LENGTHS
    extreme: bool = False  # each int8 has the largest magnitude
    largest: int = 127  # int8 weight; four of 32 sum to kSmallSum of csrc/kernels/interface.h
    spread: float = 1.0  # approximate standard deviation of the gates' inputs
    bits: int = 8  # bits of the embedding
    null_score: float | None = None  # None draws a random one
    cell: str = "lstm"
    directions: int = 2
    output: str = "softmax"
    head: float = 1.0  # factor of the head's scales and biases


# Widths at and next to multiples of 4, 8 and 16. A spread of 30 saturates most gates; at 1e-36
# the scales are subnormal, so a CPU that flushes subnormals to zero gives wrong answers.
RECIPES = (
    Recipe("smallest", 1, 1, 1, 1),
    Recipe("shipped shape", 50, 50, 100, 3, largest=32),
    Recipe("eight of each", 8, 8, 8, 4),
    Recipe("odd widths", 5, 17, 7, 2),
    Recipe("three units", 50, 3, 100, 4),
    Recipe("wide state, narrow input", 1, 26, 1, 3),
    Recipe("extreme weights", 50, 17, 100, 3, extreme=True),
    Recipe("extreme weights, saturated", 5, 8, 7, 2, extreme=True, spread=30.0),
    Recipe("extreme small sums", 50, 17, 100, 3, extreme=True, largest=32),
    Recipe("a little too large", 9, 17, 7, 3, extreme=True, largest=33),
    Recipe("saturated", 5, 17, 7, 4, spread=30.0),
    Recipe("huge scales", 5, 3, 7, 3, spread=1e6),
    Recipe("subnormal scales", 5, 8, 7, 3, spread=1e-36),
    Recipe("4 bits, shipped shape", 50, 50, 100, 3, largest=32, bits=4),
    Recipe("4 bits, one column", 1, 3, 7, 2, bits=4),
    Recipe("4 bits, odd width", 37, 17, 7, 2, bits=4),
    Recipe("4 bits, extreme weights", 6, 8, 7, 3, extreme=True, bits=4),
    Recipe("empty batch", 5, 3, 7, 2, lengths=()),
    Recipe("no null score", 5, 17, 7, 3, null_score=NO_NULL_SCORE),
    Recipe("all attention to no piece", 5, 17, 7, 3, null_score=-NO_NULL_SCORE),
    Recipe("gru, smallest", 1, 1, 1, 1, cell="gru"),
    Recipe("gru, shipped widths", 50, 50, 100, 3, largest=32, bits=4, cell="gru"),
    Recipe("gru, odd widths", 5, 17, 7, 2, cell="gru"),
    Recipe("gru, wide state", 1, 26, 1, 3, cell="gru"),
    Recipe("gru, extreme weights", 50, 17, 100, 3, extreme=True, cell="gru"),
    Recipe("gru, extreme small sums", 9, 8, 7, 3, extreme=True, largest=32, cell="gru"),
    Recipe("gru, saturated", 5, 17, 7, 4, spread=30.0, cell="gru"),
    Recipe("gru, subnormal scales", 5, 8, 7, 3, spread=1e-36, cell="gru"),
    Recipe("linear, smallest", 1, 1, 1, 1, cell="linear"),
    Recipe("linear, shipped widths", 50, 50, 100, 3, largest=32, bits=4, cell="linear"),
    Recipe("linear, odd widths", 5, 17, 7, 2, cell="linear"),
    Recipe("linear, one column", 1, 26, 1, 3, cell="linear"),
    Recipe("linear, extreme weights", 50, 17, 100, 3, extreme=True, cell="linear"),
    Recipe("linear, extreme small sums", 9, 8, 7, 3, extreme=True, largest=32, cell="linear"),
    Recipe("linear, saturated", 5, 17, 7, 4, spread=30.0, cell="linear"),
    Recipe("linear, subnormal scales", 5, 8, 7, 3, spread=1e-36, cell="linear"),
    Recipe("linear, huge scales", 5, 3, 7, 3, spread=1e6, cell="linear"),
    Recipe("linear, many classes", 13, 9, 3, 40, largest=33, cell="linear"),
    Recipe("one direction, smallest", 1, 1, 1, 1, directions=1),
    Recipe("one direction, shipped widths", 50, 50, 100, 3, largest=32, bits=4, directions=1),
    Recipe("one direction, odd widths", 5, 17, 7, 2, directions=1),
    Recipe("one direction, extreme weights", 9, 8, 7, 3, extreme=True, directions=1),
    Recipe("gru, one direction, smallest", 1, 1, 1, 1, cell="gru", directions=1),
    Recipe("gru, one direction, odd widths", 5, 17, 7, 2, cell="gru", directions=1),
    Recipe("gru, one direction, wide state", 3, 26, 1, 3, largest=32, cell="gru", directions=1),
    Recipe("linear, one direction, smallest", 1, 1, 1, 1, cell="linear", directions=1),
    Recipe("linear, one direction, odd widths", 5, 17, 7, 2, cell="linear", directions=1),
    Recipe("linear, one direction, many classes", 9, 26, 3, 40, cell="linear", directions=1),
    Recipe("sigmoid, many labels", 5, 8, 7, 43, output="sigmoid"),
    Recipe("sigmoid, one label", 3, 4, 5, 1, cell="gru", output="sigmoid"),
    Recipe("sigmoid, large logits", 9, 8, 7, 3, cell="linear", output="sigmoid", head=60.0),
    Recipe("number", 5, 8, 7, 1, output="number"),
    Recipe("number, large", 5, 8, 7, 1, cell="linear", directions=1, output="number", head=1e4),
)


@dataclass(frozen=True)
class Student:
    """A student, a batch and the answer."""

    name: str
    weights: StudentParameters
    piece_ids: npt.NDArray[np.int32]  # [P]
    offsets: npt.NDArray[np.int64]  # [B + 1]
    expected: Forward


@dataclass(frozen=True)
class Accumulation:
    """The arguments of ig_accumulate and the answer."""

    name: str
    gradients: FloatArray  # [S, B, T, D], NaN on padding, which is never read
    step_weights: FloatArray  # [S]
    delta: FloatArray  # [B, T, D], NaN on padding
    word_index: npt.NDArray[np.int32]  # [B, T], -1 on padding
    num_words: int
    expected: FloatArray  # [B, num_words]


def students() -> Iterator[Student]:
    """Make every student with its answer."""
    for seed, recipe in enumerate(RECIPES):
        random = SplitMix64(seed)
        weights = _weights(recipe, random)
        ids = random.below(weights.shape.num_pieces, sum(recipe.lengths)).astype(np.int32)
        offsets = np.cumsum([0, *recipe.lengths]).astype(np.int64)
        expected = reference.forward(weights, ids, offsets)
        yield Student(recipe.name, weights, ids, offsets, expected)


def _weights(recipe: Recipe, random: SplitMix64) -> StudentParameters:
    shapes = StudentShape(
        recipe.cell, NUM_PIECES, recipe.embedding_dim, recipe.hidden_dim, recipe.attention_dim,
        recipe.num_classes, recipe.directions,
    ).parameters()  # fmt: skip

    def q8(shape: Shape, largest: int = recipe.largest) -> npt.NDArray[np.int8]:
        if recipe.extreme:
            return (2 * largest * random.below(2, *shape) - largest).astype(np.int8)
        return (random.below(2 * largest + 1, *shape) - largest).astype(np.int8)

    def scale(rows: int, columns: int) -> FloatArray:
        deviation = 73.0 * 73.0 * recipe.largest / 127  # of a uniform int8 times an activation
        typical = recipe.spread / (deviation * columns**0.5)
        return random.uniform(0.2 * typical, 2.0 * typical, rows)

    embedding_q8 = q8(shapes["embedding_q8"], largest=127)
    if recipe.bits == 4:
        embedding_q8 = embedding_q8 // 18 * 16  # -8 to 7
        embedding_q8[embedding_q8 == -128] = -112
    null_score = random.uniform(-2.0, 2.0, 1)
    if recipe.null_score is not None:
        null_score = np.full(1, recipe.null_score, np.float32)
    drawn: dict[str, npt.NDArray[Any]] = {"embedding_q8": embedding_q8, "null_score": null_score}
    columns = 0  # of the matrix that a scale belongs to, which comes before it
    for name, shape in shapes.items():
        if name in drawn:
            continue
        if name.endswith("_q8"):
            columns = shape[1]
            drawn[name] = q8(shape)
        elif name.endswith("_scale"):
            drawn[name] = scale(shape[0], columns)
        else:
            drawn[name] = random.uniform(-2.0, 2.0, *shape)
    for name in ("head_scale", "head_bias"):
        drawn[name] *= np.float32(recipe.head)
    return StudentParameters(**drawn, cell=recipe.cell, output=recipe.output)


def accumulations() -> Iterator[Accumulation]:
    """Make every case of ig_accumulate with its answer."""
    shapes = ((1, 1, 1, 1, 1), (4, 3, 5, 33, 4), (3, 2, 7, 8, 5), (0, 2, 3, 4, 2), (2, 2, 3, 0, 2))
    for seed, shape in enumerate(shapes):
        yield _accumulation(SplitMix64(1000 + seed), *shape)


def _accumulation(
    random: SplitMix64, steps: int, texts: int, tokens: int, width: int, words: int
) -> Accumulation:
    gradients = random.uniform(-2.0, 2.0, steps, texts, tokens, width)
    delta = random.uniform(-2.0, 2.0, texts, tokens, width)
    step_weights = random.uniform(0.0, 1.0, steps)
    word_index = random.below(words, texts, tokens).astype(np.int32)
    for b, length in enumerate(random.below(tokens + 1, texts)):
        word_index[b, max(length, 1) :] = -1
    gradients[:, word_index < 0] = np.nan
    delta[word_index < 0] = np.nan
    inputs = (gradients, step_weights, delta, word_index)
    name = f"{steps} steps of width {width}"
    return Accumulation(name, *inputs, words, reference.ig_accumulate(*inputs, words))


def encode() -> bytes:
    """Return the bytes of the file."""
    all_students, all_accumulations = list(students()), list(accumulations())
    all_texts = list(familiar_texts())
    counts = len(all_students), len(all_accumulations), len(all_texts)
    parts = [MAGIC, struct.pack("<3I", *counts)]
    parts += [_encode_student(student) for student in all_students]
    parts += [_encode_accumulation(accumulation) for accumulation in all_accumulations]
    parts += [_encode_familiar_texts(texts) for texts in all_texts]
    return b"".join(parts)


def _encode_student(student: Student) -> bytes:
    w = student.weights
    cell, *widths_and_directions, output = w.shape
    sizes = (
        CELLS.index(cell), *widths_and_directions, OUTPUTS.index(output),
        len(student.piece_ids), len(student.offsets) - 1, w.embedding_bits,
    )  # fmt: skip
    arrays: list[npt.NDArray[Any]] = list(w.arrays().values())
    if w.embedding_bits == 4:
        arrays[0] = pack_nibbles(w.embedding_q8)
    arrays += [student.piece_ids, student.offsets]
    arrays += [getattr(student.expected, field.name) for field in fields(Forward)]
    return _encode_case(student.name, sizes, arrays)


def _encode_accumulation(case: Accumulation) -> bytes:
    arrays = [case.gradients, case.step_weights, case.delta, case.word_index, case.expected]
    return _encode_case(case.name, (*case.gradients.shape, case.num_words), arrays)


def _encode_familiar_texts(case: FamiliarTexts) -> bytes:
    arrays = [
        *case.familiarity.tensors().values(), case.is_continuation.astype(np.uint8),
        case.piece_ids, case.offsets, case.expected,
    ]  # fmt: skip
    sizes = len(case.is_continuation), len(case.piece_ids), len(case.expected)
    return _encode_case(case.name, sizes, arrays)


def _encode_case(name: str, sizes: tuple[int, ...], arrays: Sequence[npt.NDArray[Any]]) -> bytes:
    header = _padded(name.encode() + b"\0") + struct.pack(f"<{len(sizes)}I", *sizes)
    little_endian = (array.astype(array.dtype.newbyteorder("<")) for array in arrays)
    return header + b"".join(_padded(array.tobytes()) for array in little_endian)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


if __name__ == "__main__":
    TARGET.write_bytes(encode())
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")
