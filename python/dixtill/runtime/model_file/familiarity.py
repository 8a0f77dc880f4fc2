"""Knows the tensors of a model file that say which texts are familiar to the student.

specification/familiarity.py says what they mean. Needs no NumPy.
"""

from __future__ import annotations

from ...errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .shape import Shape

# Together, the tensors and their entries in the header take at most 8 KB.
MAX_EVIDENCE_PIECES = 10240
NUM_WORD_BYTES = 2048
NUM_QUANTILES = 101

FAMILIARITY_TYPES = {
    "familiarity_evidence_q4": "U8",  # two pieces a byte
    "familiarity_words": "U8",
    "familiarity_quantiles": "F32",
}
"""The type of each tensor; a file has all of them or none."""


def num_evidence_pieces(num_pieces: int) -> int:
    """Return how many of the first pieces have evidence of their own; later ones share the last."""
    return min(num_pieces, MAX_EVIDENCE_PIECES)


def check_familiarity(num_pieces: int, shapes: Mapping[str, Shape]) -> None:
    """Raise InputError unless the tensors have the shapes for a student of so many pieces."""
    expected = {
        "familiarity_evidence_q4": ((num_evidence_pieces(num_pieces) + 1) // 2,),
        "familiarity_words": (NUM_WORD_BYTES,),
        "familiarity_quantiles": (NUM_QUANTILES,),
    }
    for name, shape in expected.items():
        if shapes[name] != shape:
            raise InputError(
                f"tensor '{name}' has shape {list(shapes[name])}, expected {list(shape)}"
            )
