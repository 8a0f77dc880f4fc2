"""Random students, batches and comparisons for the tests of the kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from dixtill.runtime.model_file.shape import CELLS, Shape, StudentShape
from dixtill.specification import kernels
from dixtill.specification.forward import Forward
from dixtill.specification.parameters import StudentParameters, pack_nibbles


@dataclass(frozen=True)
class Sizes:
    num_pieces: int
    embedding_dim: int
    hidden_dim: int
    attention_dim: int
    num_classes: int
    cell: str = "lstm"
    directions: int = 2


SIZES = st.builds(
    Sizes,
    num_pieces=st.integers(1, 30),
    embedding_dim=st.integers(1, 40),
    hidden_dim=st.integers(1, 40),
    attention_dim=st.integers(1, 70),
    num_classes=st.integers(1, 40),
    cell=st.sampled_from(CELLS),
    directions=st.sampled_from([1, 2]),
)
SHIPPED = Sizes(num_pieces=300, embedding_dim=50, hidden_dim=50, attention_dim=100, num_classes=3)
LENGTHS = st.lists(st.integers(0, 12), max_size=5)
SEEDS = st.integers(0, 2**32 - 1)


def random_student(
    sizes: Sizes,
    seed: int,
    *,
    extreme: bool = False,
    spread: float = 1.0,
    largest: int = 127,
    bits: int = 8,
) -> StudentParameters:
    """Weights whose gate inputs have a standard deviation of about `spread`.

    With `extreme` each int8 weight is as large as can be. `largest` bounds the weights, though not
    the embedding; at 32, four of them sum to at most 128, which some targets make use of.
    `bits` are the embedding's.
    """
    rng = np.random.default_rng(seed)

    def q8(shape: Shape, bound: int = largest) -> np.ndarray:
        if extreme:
            return rng.choice(np.array([-bound, bound], np.int8), shape)
        return rng.integers(-bound, bound + 1, shape, dtype=np.int8)

    def scale(rows: int, columns: int) -> np.ndarray:
        typical = spread / (
            73.0**2 * columns**0.5 * largest / 127
        )  # 73 is the deviation of a uniform int8
        return rng.uniform(0.2, 2.0, rows).astype(np.float32) * np.float32(typical)

    shapes = StudentShape(
        sizes.cell, sizes.num_pieces, sizes.embedding_dim, sizes.hidden_dim, sizes.attention_dim,
        sizes.num_classes, sizes.directions,
    ).parameters()  # fmt: skip
    rows = shapes.pop("embedding_q8")
    drawn: dict[str, Any] = {
        "embedding_q8": q8(rows, bound=7) * np.int8(16) if bits == 4 else q8(rows, bound=127)
    }
    columns = 0  # of the matrix that a scale belongs to, which comes before it
    for name, shape in shapes.items():
        if name.endswith("_q8"):
            columns = shape[1]
            drawn[name] = q8(shape)
        elif name.endswith("_scale"):
            drawn[name] = scale(shape[0], columns)
        else:
            drawn[name] = rng.normal(size=shape).astype(np.float32)
    return StudentParameters(**drawn, cell=sizes.cell)


def kernel_of(weights: StudentParameters, target: str | None = None) -> Callable[..., Forward]:
    """The native forward of piece ids and offsets, with these weights and as many bits."""
    rows = np.ascontiguousarray(weights.embedding_q8)
    embedding = pack_nibbles(rows) if weights.embedding_bits == 4 else rows
    return partial(kernels.forward, kernels.pack_parameters(weights), embedding, target=target)


def random_batch(num_pieces: int, lengths: list[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Piece ids int32 [P] and offsets int64 [B + 1]."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, num_pieces, sum(lengths), dtype=np.int32)
    return ids, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal in shape and in every bit: 0.0 and -0.0 differ."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def assert_same_bits(actual: Forward, expected: Forward) -> None:
    for field in fields(Forward):
        mine, theirs = getattr(actual, field.name), getattr(expected, field.name)
        assert same_bits(mine, theirs), f"{field.name} differs: {mine} instead of {theirs}"
