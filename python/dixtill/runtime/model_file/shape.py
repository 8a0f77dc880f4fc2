"""Finds the sizes of a student from the shapes of its parameters. Needs no NumPy."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from math import prod

from ...errors import InputError

Shape = tuple[int, ...]

WAYS = ("forward", "backward")
"""The directions in which a student may read a text. One that reads in one direction reads forward.
"""


def parameter_names(directions: int) -> tuple[str, ...]:
    """Return the names of a student's parameters; int8 where they end in `_q8`, else float32.

    A file may hold `embedding_q4` instead of `embedding_q8`: two values to a byte.
    """
    parts = ("weight_q8", "scale", "bias")
    return (
        "embedding_q8",
        *(f"{way}_{part}" for way in WAYS[:directions] for part in parts),
        "attention_weight_q8",
        "attention_scale",
        "attention_vector",
        "null_score",
        "head_weight_q8",
        "head_scale",
        "head_bias",
    )


PARAMETERS = parameter_names(len(WAYS))
"""Names of all parameters that a student may have."""

CELLS = ("lstm", "gru", "linear")
"""The recurrent cells that a student may have; specification/cells.py says what they compute."""


OUTPUTS = ("softmax", "sigmoid", "number")
"""What a student may answer: one label of several, any number of labels, or a number."""


class StudentShape(
    namedtuple(
        "StudentShape",
        [
            "cell",
            "num_pieces",
            "embedding_dim",
            "hidden_dim",
            "attention_dim",
            "num_classes",
            "directions",
            "output",
        ],
        defaults=(len(WAYS), OUTPUTS[0]),
    )
):
    """V pieces, embedding width d, H units per direction, A attention units and C classes.

    The states of D directions are side by side, so attention and head read DH values of a piece.
    """

    __slots__ = ()
    cell: str  # one of CELLS
    num_pieces: int
    embedding_dim: int
    hidden_dim: int
    attention_dim: int
    num_classes: int
    directions: int  # in which a text is read: 1 or 2
    output: str  # one of OUTPUTS

    @classmethod
    def of(
        cls, cell: str, output: str, directions: int, shapes: Mapping[str, Shape]
    ) -> StudentShape:
        """Return the sizes that parameters of these shapes have.

        There is a shape for each of the `parameter_names`.

        Raises:
            InputError: the cell or the output is unknown, or a shape does not fit the others.
        """
        if output not in OUTPUTS:
            raise InputError(f"output is {output!r:.40}, expected one of {', '.join(OUTPUTS)}")
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
        if num_states % directions:
            raise InputError("weight 'attention_weight_q8' has an odd number of columns")
        num_classes, _ = shapes["head_weight_q8"]
        num_pieces, _ = shapes[embedding]
        hidden_dim, columns = num_states // directions, shapes["forward_weight_q8"][1]
        embedding_dim = columns // 2 if cell == "linear" else columns - hidden_dim
        sizes = num_pieces, embedding_dim, hidden_dim, attention_dim, num_classes
        if output == "number" and num_classes != 1:
            raise InputError(
                f"weight 'head_weight_q8' has {num_classes} rows, expected 1 for the output "
                "'number'"
            )
        shape = cls(cell, *sizes, directions, output)
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
        v, d, a, c = self.num_pieces, self.embedding_dim, self.attention_dim, self.num_classes
        direction = self._direction().items()
        return {
            "embedding_q8": (v, d),
            **{f"{way}_{name}": shape for way in self.ways for name, shape in direction},
            "attention_weight_q8": (a, self.num_states),
            "attention_scale": (a,),
            "attention_vector": (a,),
            "null_score": (1,),
            "head_weight_q8": (c, self.num_states),
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
    def ways(self) -> tuple[str, ...]:
        """The directions in which a text is read: those of WAYS, or the first of them."""
        return WAYS[: self.directions]

    @property
    def num_states(self) -> int:
        """Number of values in the states of a piece, of all directions together."""
        return self.directions * self.hidden_dim

    @property
    def num_parameters(self) -> int:
        """Number of parameters, including scales."""
        return sum(map(prod, self.parameters().values()))
