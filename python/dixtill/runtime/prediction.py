"""What a user receives: a label, its probabilities, and a signed weight for each word.

Plain data without NumPy; classifier.py fills it in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

_REPLACEMENT = "\ufffd"
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), _REPLACEMENT)
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), _REPLACEMENT)


@dataclass(frozen=True, slots=True)
class ExplainedWord:
    """A word, `text[start:end]` of what the user wrote, and its weight.

    Where the model explains by contributions, positive speaks for the predicted label, negative
    against it, in units of the logit. Where it explains by scores, the weight is the student's
    raw attention score, as in the paper.
    """

    text: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one text.

    >>> word = ExplainedWord("soar", start=7, end=11, weight=1.25)
    >>> prediction = Prediction("Shares soar", "bullish", 0.9, {"bullish": 0.9, "bearish": 0.1},
    ...                         (word,), truncated=False)
    >>> print(prediction)
    bullish (0.90)
      +1.250  soar
    """

    text: str
    label: str
    probability: float
    probabilities: dict[str, float]  # in the order of the model's labels
    words: tuple[ExplainedWord, ...]  # in the order of the text, those that were read
    truncated: bool  # whether the text went past the model's limit, and its rest was not read

    def to_dict(self) -> dict[str, Any]:
        """Fields as JSON takes them; a lone surrogate, which no JSON may hold, becomes U+FFFD.

        >>> Prediction("up \\ud800", "a", 1.0, {"a": 1.0}, (), False).to_dict()["text"]
        'up �'
        """
        result = asdict(self)
        result["text"] = self.text.translate(_SURROGATES)
        result["words"] = [
            {**asdict(word), "text": word.text.translate(_SURROGATES)} for word in self.words
        ]
        return result

    def __str__(self) -> str:
        """The label with its probability, then a line for each word; safe for a terminal."""
        # Weights stand first: they align however wide a terminal draws the words.
        weights = [f"{word.weight:+.3f}" for word in self.words]
        width = max(map(len, weights), default=0)
        lines = [f"{_printable(self.label)} ({self.probability:.2f})"]
        lines += [
            f"  {weight:>{width}}  {_printable(word.text)}"
            for weight, word in zip(weights, self.words, strict=True)
        ]
        if self.truncated:
            lines.append("  (the text is longer than the model reads; the rest was left out)")
        return "\n".join(lines)


def _printable(text: str) -> str:
    return text.translate(_CONTROLS | _SURROGATES)
