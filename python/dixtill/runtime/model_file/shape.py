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


class StudentShape(
    namedtuple(
        "StudentShape",
        ["num_pieces", "embedding_dim", "hidden_dim", "attention_dim", "num_classes"],
    )
):
    """V pieces, embedding width d, H units per direction, A attention units and C classes."""

    __slots__ = ()
    num_pieces: int
    embedding_dim: int
    hidden_dim: int
    attention_dim: int
    num_classes: int

    @classmethod
    def of(cls, shapes: Mapping[str, Shape]) -> StudentShape:
        """Return the sizes that parameters of these shapes have.

        Raises:
            InputError: a shape does not fit the others.
        """
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
        embedding_dim = shapes["forward_weight_q8"][1] - num_states // 2
        shape = cls(num_pieces, embedding_dim, num_states // 2, attention_dim, num_classes)
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
        v, d, h, a, c = self
        lstm = {"weight_q8": (4 * h, d + h), "scale": (4 * h,), "bias": (4 * h,)}
        return {
            "embedding_q8": (v, d),
            **{f"forward_{name}": shape for name, shape in lstm.items()},
            **{f"backward_{name}": shape for name, shape in lstm.items()},
            "attention_weight_q8": (a, 2 * h),
            "attention_scale": (a,),
            "attention_vector": (a,),
            "null_score": (1,),
            "head_weight_q8": (c, 2 * h),
            "head_scale": (c,),
            "head_bias": (c,),
        }

    @property
    def num_parameters(self) -> int:
        """Number of parameters, including scales."""
        return sum(map(prod, self.parameters().values()))
