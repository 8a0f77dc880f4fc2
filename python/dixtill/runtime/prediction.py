"""Defines what a user receives: a label, its probabilities, and a signed weight for each word.

It is plain data without NumPy. A prediction keeps the native answer and unpacks what is asked for.
"""

from __future__ import annotations

import struct
from collections import namedtuple

from ..errors import InputError
from ..strings import plain_str, without_surrogates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_HEAD = struct.Struct("=iiiii")  # label, number of words, flags, pieces, unknown ones
_TRUNCATED, _CHECKED = 1, 2
_FIELDS = (
    "text", "top_label", "probability", "probabilities", "words", "truncated", "check",
    "threshold", "unknown_share",
)  # fmt: skip


class ExplainedWord(
    namedtuple("ExplainedWord", ["text", "start", "end", "weight", "is_unknown"], defaults=[False])
):
    """A word, `text[start:end]` of what the user wrote, and its weight.

    If the student explains by gates or contributions, the weight is in units of the logit: a
    positive one supports the top label, a negative one opposes it. If it explains by scores, the
    weight is the student's raw attention score, as in the paper.

    If `is_unknown`, the student's vocabulary lacks the word or a part of it: the student reads the
    unknown piece instead, and weighs that, whatever the word is.
    """

    __slots__ = ()
    text: str
    start: int
    end: int
    weight: float
    is_unknown: bool


class Check(namedtuple("Check", ["effects", "correlation", "flip", "is_smallest"])):
    """How the explanation compares with the student's answers to the text without some words.

    An effect is how much the top label's logit, minus the mean of all logits, falls when the
    student reads the text without that word. It is exact, and in the units of the weights.
    """

    __slots__ = ()
    effects: tuple[float, ...]  # one for each word
    correlation: float | None  # Spearman's, of weights and effects; None where either is constant
    flip: tuple[int, ...] | None  # words without which the top label changes; None if none found
    is_smallest: bool  # whether every smaller set was tried; where flip is None, every set


class Prediction:
    """The answer to one text: read-only and hashable; later versions read its pickles.

    >>> word = ExplainedWord("soar", start=7, end=11, weight=1.25)
    >>> prediction = Prediction("Shares soar", "bullish", 0.9, {"bullish": 0.9, "bearish": 0.1},
    ...                         (word,), truncated=False)
    >>> print(prediction)
    bullish (0.90)
      +1.250  soar
    """

    __slots__ = (
        "_answer", "_check", "_labels", "_text", "_threshold", "_unknown_share", "_values",
        "_words",
    )  # fmt: skip

    _answer: bytes  # as csrc/answer/classifier.h lays it out
    _check: Check | None
    _labels: tuple[str, ...]
    _text: str
    _threshold: float
    _unknown_share: float | None
    _values: tuple[float, ...] | None  # probabilities, in the order of the labels
    _words: tuple[ExplainedWord, ...] | None

    def __init__(
        self,
        text: str,
        top_label: str,
        probability: float,
        probabilities: dict[str, float],
        words: tuple[ExplainedWord, ...],
        truncated: bool,
        check: Check | None = None,
        threshold: float = 0.0,
        unknown_share: float = 0.0,
    ) -> None:
        if probabilities.get(top_label) != probability:
            raise ValueError(f"probability is {probability}, not that of the label '{top_label}'")
        self._text = plain_str(text)
        self._check = check
        self._threshold = checked_threshold(threshold)
        self._labels = tuple(map(plain_str, probabilities))
        self._values = tuple(probabilities.values())
        self._words = tuple(words)
        self._unknown_share = unknown_share
        self._answer = _HEAD.pack(self._labels.index(top_label), len(self._words), truncated, 0, 0)

    @classmethod
    def _of(cls, text: str, labels: tuple[str, ...], answer: bytes, threshold: float) -> Prediction:
        """Return the prediction that a native answer holds."""
        prediction = _new(cls)
        prediction._text = text
        prediction._labels = labels
        prediction._answer = answer
        prediction._threshold = threshold
        prediction._values = prediction._words = prediction._check = None
        prediction._unknown_share = None
        return prediction

    @property
    def text(self) -> str:
        """What the user wrote."""
        return self._text

    @property
    def label(self) -> str | None:
        """The most probable label, or None if its probability is below the threshold."""
        # Without a threshold, the probabilities need not be unpacked.
        if self._threshold and self.probability < self._threshold:
            return None
        label: str = self._labels[_HEAD.unpack_from(self._answer)[0]]
        return label

    @property
    def top_label(self) -> str:
        """The most probable label, whatever the threshold; the weights explain it."""
        return self._labels[self._label_index()]

    @property
    def threshold(self) -> float:
        """The probability below which `label` is None."""
        return self._threshold

    @property
    def probability(self) -> float:
        """The top label's probability."""
        return self._probability_values()[self._label_index()]

    @property
    def probabilities(self) -> dict[str, float]:
        """The probability of each label, in the order of the model's labels; a new dict."""
        return dict(zip(self._labels, self._probability_values(), strict=True))

    @property
    def words(self) -> tuple[ExplainedWord, ...]:
        """The words that were read, in the order of the text."""
        if self._words is None:
            # A prediction without words was made by the native module.
            self._words = _native_words_of()(
                self._text, self._answer, len(self._labels), ExplainedWord
            )
        return self._words

    @property
    def truncated(self) -> bool:
        """Whether the text is longer than the student reads, so that its end was not read."""
        return bool(_HEAD.unpack_from(self._answer)[2] & _TRUNCATED)

    @property
    def unknown_share(self) -> float:
        """The share of the pieces that the student read as unknown; 0 for a text without pieces."""
        if self._unknown_share is None:
            num_pieces, num_unknown = _HEAD.unpack_from(self._answer)[3:]
            self._unknown_share = num_unknown / num_pieces if num_pieces else 0.0
        return self._unknown_share

    @property
    def check(self) -> Check | None:
        """The check of the explanation; None unless it was asked for."""
        if self._check is None and _HEAD.unpack_from(self._answer)[2] & _CHECKED:
            from .checking import findings_of

            weights = [word.weight for word in self.words]
            found = findings_of(self._answer, weights, len(self._labels))
            self._check = found and Check(*found)
        return self._check

    def _label_index(self) -> int:
        index: int = _HEAD.unpack_from(self._answer)[0]
        return index

    def _probability_values(self) -> tuple[float, ...]:
        if self._values is None:
            self._values = struct.unpack_from(f"={len(self._labels)}f", self._answer, _HEAD.size)
        return self._values

    def _fields(self) -> tuple[Any, ...]:
        return (
            self.text, self.top_label, self.probability, self.probabilities, self.words,
            self.truncated, self.check, self.threshold, self.unknown_share,
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prediction):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((self.text, self.top_label, self.probability, self.threshold))

    def __reduce__(self) -> tuple[Any, ...]:
        return Prediction, self._fields()

    def __repr__(self) -> str:
        values = zip(_FIELDS, self._fields(), strict=True)
        return f"Prediction({', '.join(f'{name}={value!r}' for name, value in values)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON holds them; a lone surrogate becomes U+FFFD.

        >>> Prediction("up \\ud800", "a", 1.0, {"a": 1.0}, (), False).to_dict()["text"]
        'up �'
        """
        return {
            "text": without_surrogates(self.text),
            "label": self.label,
            "probability": self.probability,
            "probabilities": self.probabilities,
            "words": [
                {**word._asdict(), "text": without_surrogates(word.text)} for word in self.words
            ],
            "truncated": self.truncated,
            "unknown_share": self.unknown_share,
            **({"check": self.check._asdict()} if self.check else {}),
        }

    def __str__(self) -> str:
        """Return the label with its probability, then a line for each word; safe for a terminal.

        It is in color if standard output is a terminal, unless NO_COLOR, FORCE_COLOR or TERM says
        otherwise. `format` and f-strings use no color: write those to a file or a log.
        """
        from .show.terminal import shown, wants_color

        return shown(self, wants_color())

    def __format__(self, spec: str) -> str:
        from .show.terminal import shown

        return format(shown(self, color=False), spec)

    def _repr_html_(self) -> str:
        """Return the prediction as HTML, which notebooks show."""
        from .show.html import prediction_html

        return prediction_html(self)


_new = object.__new__
_words_of: Callable[..., tuple[ExplainedWord, ...]] | None = None  # once it was imported


def _native_words_of() -> Callable[..., tuple[ExplainedWord, ...]]:
    """Return the native function, imported once: a statement would take a microsecond each time."""
    global _words_of
    if _words_of is None:
        from .targets import native

        _words_of = native.words_of
    return _words_of


def checked_threshold(threshold: float) -> float:
    """Return the threshold as a float.

    Raises:
        InputError: it lies outside [0, 1].
        TypeError: it is not a number.
    """
    if not hasattr(threshold, "__float__"):
        raise TypeError(
            f"the threshold is of type {type(threshold).__name__}, expected a number from 0 to 1"
        )
    value = float(threshold)
    if not 0.0 <= value <= 1.0:
        raise InputError(f"the threshold is {value}, expected a probability from 0 to 1")
    return value
