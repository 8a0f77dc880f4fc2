"""Quantizes a float student to symmetric int8 parameters with one scale per row.

The embedding has 8 or 4 bits. A row's scale is large enough for AVX2 to add four products in int16
(kSmallSum in csrc/kernels/interface.h); this costs less than one bit, and no accuracy.
Activations have fixed scales: one per column of the embedding, and 1/127 for states, which lie in
[-1, 1]. Both are folded into the rows that read them, so that the runtime sees integers and one
scale per row (specification/parameters.py).

A 4-bit value is an integer from -7 to 7, stored as 16 times that in int8. The following columns
compensate for the error of rounding a column, as far as the cell's products allow. This is the
error feedback of GPTQ (Frantar et al. 2023), with the cell's parameters instead of activations.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from ...errors import InputError
from ...specification.float_parameters import LINEAR_WINDOW, SUFFIXES, float_parameters
from ...specification.parameters import Int8Array, StudentParameters
from .student import Student

_LARGEST = 127
_LARGEST_SUM = 128  # of the magnitudes of four parameters
_LARGEST_Q4 = 7
_STEP_Q4 = 16  # between neighboring 4-bit values, as int8
_DAMPING = 1e-3  # share of the readers' mean square; makes the inverse exist
FloatArray = npt.NDArray[np.float64]


def check_embedding_bits(embedding_bits: int) -> None:
    """Raise InputError unless `embedding_bits` is 4 or 8."""
    if embedding_bits not in (4, 8):
        raise InputError(f"embedding_bits is {embedding_bits}, expected 4 or 8")


def quantize(student: Student, embedding_bits: int = 8) -> StudentParameters:
    """Quantize a student to int8 parameters and a 4-bit or 8-bit embedding, without changing it.

    Raises:
        InputError: a weight is not finite, or `embedding_bits` is neither 4 nor 8.
    """
    check_embedding_bits(embedding_bits)
    parameters = {
        name: tensor.detach().cpu().double().numpy() for name, tensor in student.named_parameters()
    }
    for name, values in parameters.items():
        if not np.isfinite(values).all():
            raise InputError(f"weight '{name}' of the student is not finite: its training diverged")
    cell = student.shape.cell
    ways = {way: _direction(cell, parameters, SUFFIXES[way]) for way in student.shape.ways}
    readers = np.vstack([matrix for own in ways.values() for matrix in own.of_pieces])
    embedding_q8, column_scale = _embedding(parameters["embedding.weight"], readers, embedding_bits)
    return StudentParameters(
        cell=cell,
        output=student.shape.output,
        embedding_q8=embedding_q8,
        **{
            name: values
            for way, own in ways.items()
            for name, values in _quantized(way, own, column_scale).items()
        },
        **_rows("attention", parameters["attention_weight.weight"] / _LARGEST),
        attention_vector=parameters["attention_vector.weight"][0].astype(np.float32),
        null_score=parameters["null_score"].astype(np.float32),
        **_rows("head", parameters["head.weight"] / _LARGEST),
        head_bias=parameters["head.bias"].astype(np.float32),
    )


class _Direction(NamedTuple):
    """The parameters of the cell in one direction."""

    of_pieces: tuple[FloatArray, ...]  # [rows, d], for each piece that a step reads
    of_state: FloatArray | None  # [rows, H], if a step reads the state
    bias: FloatArray


def _direction(cell: str, parameters: dict[str, FloatArray], suffix: str) -> _Direction:
    own = {
        name.removeprefix(f"{cell}.").removesuffix(suffix): values
        for name, values in parameters.items()
        if name.startswith(f"{cell}.") and name.endswith("_reverse") == bool(suffix)
    }
    if cell == "linear":
        pieces = np.split(own["weight"], len(LINEAR_WINDOW), axis=1)
        return _Direction(tuple(pieces), None, own["bias"])
    of_input, of_state = own["bias_ih_l0"], own["bias_hh_l0"]
    bias = of_input + of_state
    if cell == "gru":  # n has two: the reset gate scales that of the state
        n = slice(2 * len(bias) // 3, None)
        bias = np.concatenate([bias[: n.start], of_input[n], of_state[n]])
    return _Direction((own["weight_ih_l0"],), own["weight_hh_l0"], bias)


def _quantized(name: str, direction: _Direction, column_scale: FloatArray) -> dict[str, Any]:
    """Return one direction's int8 parameters: columns of the pieces, then those of the state.

    Kernels begin a block of columns anew for each piece and for the state.
    """
    blocks = [matrix * column_scale for matrix in direction.of_pieces]
    if direction.of_state is not None:
        blocks.append(direction.of_state / _LARGEST)
    return {**_rows(name, *blocks), f"{name}_bias": direction.bias.astype(np.float32)}


def _embedding(
    embedding: FloatArray, readers: FloatArray, bits: int
) -> tuple[Int8Array, FloatArray]:
    """Return the int8 embedding [V, d], and the scale of each column [d].

    `readers` [N, d] are the rows of the cell that are multiplied with a piece's vector.
    """
    if bits == 8:
        scale = _scale(embedding, axis=0)
        return _round(embedding / scale), scale
    step = _best_step(embedding)
    rows_q4 = _round_with_feedback(embedding, step, readers)
    return (rows_q4 * _STEP_Q4).astype(np.int8), step / _STEP_Q4


def _best_step(embedding: FloatArray) -> FloatArray:
    """Return each column's step of least squared rounding error; large values are clipped."""
    largest = _scale(embedding, axis=0) * (_LARGEST / _LARGEST_Q4)
    steps = largest * np.linspace(0.2, 1.0, 41)[:, None]  # [candidates, d]
    errors = [((_round_q4(embedding / s) * s - embedding) ** 2).sum(axis=0) for s in steps]
    best: FloatArray = np.take_along_axis(steps, np.argmin(errors, axis=0)[None], axis=0)[0]
    return best


def _round_with_feedback(rows: FloatArray, step: FloatArray, readers: FloatArray) -> FloatArray:
    """Round `rows` [V, d] to multiples of `step`, so that products with `readers` change little.

    Returns the integers [V, d]; `readers` is [N, d].
    """
    hessian = readers.T @ readers
    mean = np.trace(hessian) / len(hessian)
    hessian += np.eye(len(hessian)) * (_DAMPING * mean if mean > 0 else 1.0)
    feedback = np.linalg.cholesky(np.linalg.inv(hessian)).T
    rows, rounded = rows.copy(), np.zeros_like(rows)
    for column in range(rows.shape[1]):
        rounded[:, column] = _round_q4(rows[:, column] / step[column])
        error = rows[:, column] - rounded[:, column] * step[column]
        rows -= np.outer(error / feedback[column, column], feedback[column])
    return rounded


def _round_q4(values: FloatArray) -> FloatArray:
    rounded: FloatArray = np.clip(np.rint(values), -_LARGEST_Q4, _LARGEST_Q4)
    return rounded


def _rows(name: str, *blocks: FloatArray) -> dict[str, Any]:
    """Quantize blocks of columns, whose sums of four kernels keep apart, into one matrix."""
    matrix = np.hstack(blocks)
    # Rounding adds at most half a step to each of the four magnitudes.
    wide = np.max([_sums_of_four(block).max(axis=1) for block in blocks], 0) / (_LARGEST_SUM - 2)
    scale = np.where(wide > 0, np.maximum(np.abs(matrix).max(axis=1) / _LARGEST, wide), 1.0)
    return {
        f"{name}_weight_q8": _round(matrix / scale[:, None]),
        f"{name}_scale": scale.astype(np.float32),
    }


def _sums_of_four(matrix: FloatArray) -> FloatArray:
    """Sum the magnitudes in columns 8n + (0, 1, 4, 5) and 8n + (2, 3, 6, 7); [rows, sums]."""
    padded = np.pad(np.abs(matrix), ((0, 0), (0, -matrix.shape[1] % 8)))
    sums: FloatArray = padded.reshape(len(matrix), -1, 2, 2, 2).sum(axis=(2, 4))
    return sums.reshape(len(matrix), -1)


def _scale(matrix: FloatArray, axis: int) -> FloatArray:
    """Return the step that maps the largest magnitude of a row or column to 127; 1 if all are 0."""
    largest: FloatArray = np.abs(matrix).max(axis=axis)
    return np.where(largest > 0, largest / _LARGEST, 1.0)


def _round(values: FloatArray) -> Int8Array:
    return np.clip(np.rint(values), -_LARGEST, _LARGEST).astype(np.int8)


def dequantized(parameters: StudentParameters) -> Student:
    """Return a float student with the values that the int8 parameters stand for."""
    student = Student(parameters.shape).eval()
    values = float_parameters(parameters)
    student.load_state_dict({name: torch.tensor(v) for name, v in values.items()})
    return student
