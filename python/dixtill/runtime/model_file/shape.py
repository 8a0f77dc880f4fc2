"""Finds the sizes of a student from the shapes of its parameters. Needs no NumPy."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from math import prod

from ...errors import InputError

Shape = tuple[int, ...]

PARAMETERS = (
    "embedding_q8",
    "forward_weight_q8",
    "forward_scale",
    "forward_bias",
    "backward_weight_q8",
    "backward_scale",
    "backward_bias",
    "attention_weight_q8",
    "attention_scale",
    "attention_vector",
    "null_score",
    "head_weight_q8",
    "head_scale",
    "head_bias",
)
"""Names of a student's parameters; int8 where they end in `_q8`, else float32.

A file may hold `embedding_q4` instead of `embedding_q8`: two values to a byte.
"""

CELLS = ("lstm", "gru", "linear")
"""The recurrent cells that a student may have; specification/cells.py says what they compute."""


class StudentShape(
    namedtuple(
        "StudentShape",
        ["cell", "num_pieces", "embedding_dim", "hidden_dim", "attention_dim", "num_classes"],
    )
):
    """V pieces, embedding width d, H units per direction, A attention units and C classes."""

    __slots__ = ()
    cell: str  # one of CELLS
    num_pieces: int
    embedding_dim: int
    hidden_dim: int
    attention_dim: int
    num_classes: int

    @classmethod
    def of(cls, cell: str, shapes: Mapping[str, Shape]) -> StudentShape:
        """Return the sizes that parameters of these shapes have.

        Raises:
            InputError: the cell is unknown, or a shape does not fit the others.
        """
        if cell not in CELLS:
            raise InputError(f"cell is {cell!r:.40}, expected one of {', '.join(CELLS)}")
        embedding = "embedding_q4" if "embedding_q4" in shapes else "embedding_q8"
        for name in (embedding, "forward_weight_q8", "attention_weight_q8", "head_weight_q8"):
            if len(shapes[name]) != 2 or 0 in shapes[name]:
                raise InputError(
                    f"weight '{name}' has shape {list(shapes[name])}, expected two dimensions, "
                    "each at least one"
                )
        attention_dim, num_states = shapes["attention_weight_q8"]
        if num_states % 2:
            raise InputError("weight 'attention_weight_q8' has an odd number of columns")
        num_classes, _ = shapes["head_weight_q8"]
        num_pieces, _ = shapes[embedding]
        hidden_dim, columns = num_states // 2, shapes["forward_weight_q8"][1]
        embedding_dim = columns // 2 if cell == "linear" else columns - hidden_dim
        shape = cls(cell, num_pieces, embedding_dim, hidden_dim, attention_dim, num_classes)
        expected_shapes = shape.parameters()
        if embedding == "embedding_q4":
            expected_shapes[embedding] = (num_pieces, (embedding_dim + 1) // 2)
            del expected_shapes["embedding_q8"]
        for name, expected in expected_shapes.items():
            if shapes[name] != expected:
                raise InputError(
                    f"weight '{name}' has shape {list(shapes[name])}, expected {list(expected)}"
                )
        return shape

    def parameters(self) -> dict[str, Shape]:
        """Return the shape of each parameter."""
        _, v, d, h, a, c = self
        direction = self._direction()
        return {
            "embedding_q8": (v, d),
            **{f"forward_{name}": shape for name, shape in direction.items()},
            **{f"backward_{name}": shape for name, shape in direction.items()},
            "attention_weight_q8": (a, 2 * h),
            "attention_scale": (a,),
            "attention_vector": (a,),
            "null_score": (1,),
            "head_weight_q8": (c, 2 * h),
            "head_scale": (c,),
            "head_bias": (c,),
        }

    def _direction(self) -> dict[str, Shape]:
        """Return the shapes of the parameters that read the pieces in one direction."""
        d, h = self.embedding_dim, self.hidden_dim
        rows, columns, biases = {
            "lstm": (4 * h, d + h, 4 * h),
            "gru": (3 * h, d + h, 4 * h),
            "linear": (2 * h, 2 * d, 2 * h),
        }[self.cell]
        return {"weight_q8": (rows, columns), "scale": (rows,), "bias": (biases,)}

    @property
    def num_parameters(self) -> int:
        """Number of parameters, including scales."""
        return sum(map(prod, self.parameters().values()))
