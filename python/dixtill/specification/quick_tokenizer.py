"""Splits many texts into pieces, by native code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..runtime.targets import native
from .normalizer import Normalizer
from .words import TokenizedText, Tokenizer


def quick_tokenizer(
    pieces: Sequence[str], normalizer: Normalizer, max_pieces: int
) -> Callable[[str], TokenizedText]:
    """Return a function that reads a cleaned text as `words.Tokenizer` does.

    Raises:
        InputError: a piece occurs twice, the unknown piece is missing, or `max_pieces` is below 1.
    """
    specified = Tokenizer(pieces, normalizer, max_pieces)
    if any("\n" in piece for piece in pieces):  # the native tokenizer takes one piece per line
        return specified
    read = native.Tokenizer(
        "\n".join(pieces).encode("utf-8", "surrogatepass"),
        normalizer.lowercase,
        normalizer.strip_accents,
        normalizer.symbols,
        max_pieces,
        cleaning=[],
    )
    return lambda text: TokenizedText(*read(text))
