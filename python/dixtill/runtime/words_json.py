"""Writes the words of an answer as JSON in the native module, for programs with many answers."""

from __future__ import annotations

from .targets import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .prediction import Prediction


def words_json(prediction: Prediction) -> bytes:
    """Return a prediction's words as a JSON array in UTF-8, on one line.

    Weights are rounded to six decimals; lone surrogates become U+FFFD.
    """
    labels, label = prediction.kind.labels, prediction._explained
    return native.words_json(prediction._text, prediction._answer, len(labels), label)
