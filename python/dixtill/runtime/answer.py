"""Defines what a student answers to a text: a label, several, or a number.

It is plain data without NumPy. The native answer is kept as bytes, and what is asked for is
unpacked.
"""

from __future__ import annotations

import struct

from ..errors import InputError
from .answer_kind import AnswerKind

HEAD = struct.Struct("=iiiiif")  # label, words, flags, pieces, unknown ones, familiarity
TRUNCATED, CHECKED, OF_NO_LABEL = 1, 2, 4  # flags
NO_FAMILIARITY = -1.0  # if the student cannot tell
LEAST_FAMILIAR = 0.05  # 95% of validation texts are at least as familiar


class Answer:
    """The answer to one text, without its explanation."""

    __slots__ = (
        "_answer", "_kind", "_only_familiar", "_text", "_threshold", "_unknown_share", "_values",
    )  # fmt: skip

    _answer: bytes  # as csrc/answer/classifier.h lays it out
    _kind: AnswerKind
    _only_familiar: bool  # whether a text that is not familiar has no label
    _text: str
    _threshold: float | None  # None for the thresholds of the labels
    _unknown_share: float | None
    _values: tuple[float, ...] | None  # probabilities in the order of the labels, or the number

    @property
    def text(self) -> str:
        """What the user wrote."""
        return self._text

    @property
    def label(self) -> str | None:
        """The most probable label, or None if its probability is below the threshold.

        It is None where the student answers a number, and if the text is not familiar and only
        familiar ones were to have labels.
        """
        if self._only_familiar and not self.is_familiar:
            return None
        # Without a threshold, the probabilities need not be unpacked.
        if self._threshold == 0.0:
            label: str = self._kind.labels[HEAD.unpack_from(self._answer)[0]]
            return label
        if self._kind.output == "number" or self.probability < self.threshold:
            return None
        return self.top_label

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the text, the most probable one first.

        Where labels do not exclude each other, these are all with a probability from their
        threshold on. Otherwise it is the label alone, or nothing if the label is None.
        """
        if self._only_familiar and not self.is_familiar:
            return ()
        if self._kind.output != "sigmoid":
            return () if self.label is None else (self.label,)
        return self._kind.labels_of(self._probability_values(), self._threshold)

    @property
    def top_label(self) -> str:
        """The most probable label, whatever the threshold, or the number's name."""
        label: str = self._kind.labels[self._label_index()]
        return label

    @property
    def threshold(self) -> float:
        """The probability below which `label` is None."""
        return self._kind.threshold_of(self._label_index(), self._threshold)

    @property
    def probability(self) -> float:
        """The top label's probability.

        Raises:
            InputError: the student answers numbers.
        """
        if self._kind.output == "number":
            raise InputError("the student answers numbers, without a probability; read `value`")
        return self._probability_values()[self._label_index()]

    @property
    def probabilities(self) -> dict[str, float]:
        """The probability of each label, in the order of the model's labels; a new dict.

        It is empty where the student answers numbers.
        """
        if self._kind.output == "number":
            return {}
        return dict(zip(self._kind.labels, self._probability_values(), strict=True))

    @property
    def value(self) -> float | None:
        """The number that the student answers; None where it answers labels."""
        return self._probability_values()[0] if self._kind.output == "number" else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """A split conformal interval, which holds the true number of nine texts in ten.

        Its width was found on validation texts, and it holds for texts of their kind. None if it
        is unknown.
        """
        width, value = self._kind.interval, self.value
        return None if width is None or value is None else (value - width, value + width)

    @property
    def kind(self) -> AnswerKind:
        """What all answers of the student have in common."""
        return self._kind

    @property
    def truncated(self) -> bool:
        """Whether the text is longer than the student reads, so that its end was not read."""
        return bool(self._flags() & TRUNCATED)

    @property
    def unknown_share(self) -> float:
        """The share of the pieces that the student read as unknown; 0 for a text without pieces."""
        if self._unknown_share is None:
            num_pieces, num_unknown = HEAD.unpack_from(self._answer)[3:5]
            self._unknown_share = num_unknown / num_pieces if num_pieces else 0.0
        return self._unknown_share

    @property
    def familiarity(self) -> float | None:
        """How familiar the text is to the student, from 0 to 1; None if the student cannot tell.

        It is the share of the validation texts, which the student did not learn from, that are
        less familiar: whose words are less those of the texts that it learned from. A text in which
        the student knows no word has 0.
        """
        value: float = HEAD.unpack_from(self._answer)[5]
        return None if value == NO_FAMILIARITY else value

    @property
    def is_familiar(self) -> bool | None:
        """Whether the text is like 95% of the validation texts; None if the student cannot tell."""
        value = self.familiarity
        return None if value is None else value >= LEAST_FAMILIAR

    @property
    def only_familiar(self) -> bool:
        """Whether a text that is not familiar has no label."""
        return self._only_familiar

    def _label_index(self) -> int:
        index: int = HEAD.unpack_from(self._answer)[0]
        return index

    def _probability_values(self) -> tuple[float, ...]:
        if self._values is None:
            count = len(self._kind.labels)
            self._values = struct.unpack_from(f"={count}f", self._answer, HEAD.size)
        return self._values

    def _flags(self) -> int:
        flags: int = HEAD.unpack_from(self._answer)[2]
        return flags
