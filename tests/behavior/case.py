"""Defines tests of behavior, of the three kinds in CheckList (Ribeiro et al. 2020).

A test has one or two texts, and says whether a classifier's answers to them pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Label = Literal["bearish", "bullish", "neutral"]
Probabilities = Sequence[float]  # one for each label, in the order of LABELS

LABELS: tuple[Label, ...] = ("bearish", "bullish", "neutral")


@dataclass(frozen=True)
class MinimumFunctionality:
    """Asks for the text's label."""

    text: str
    label: Label

    kind: ClassVar[str] = "MFT"

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text,)

    def passes(self, answers: Sequence[Probabilities]) -> bool:
        return label_of(answers[0]) == self.label


@dataclass(frozen=True)
class Invariance:
    """Asks that the perturbed text get the label that the classifier gives to the text."""

    text: str
    perturbed: str

    kind: ClassVar[str] = "INV"

    @property
    def texts(self) -> tuple[str, ...]:
        return self.text, self.perturbed

    def passes(self, answers: Sequence[Probabilities]) -> bool:
        return label_of(answers[0]) == label_of(answers[1])


@dataclass(frozen=True)
class Direction:
    """Asks that the first text's sentiment exceed that of the second by more than `margin`.

    With a negative margin the sentiment may be lower, but not by that much.
    """

    more_bullish: str
    less_bullish: str
    margin: float

    kind: ClassVar[str] = "DIR"

    @property
    def texts(self) -> tuple[str, ...]:
        return self.more_bullish, self.less_bullish

    def passes(self, answers: Sequence[Probabilities]) -> bool:
        return sentiment_of(answers[0]) - sentiment_of(answers[1]) > self.margin


Case = MinimumFunctionality | Invariance | Direction


def label_of(answer: Probabilities) -> Label:
    """Return the most probable label; if several are, the first of them."""
    return LABELS[max(range(len(LABELS)), key=answer.__getitem__)]


def sentiment_of(answer: Probabilities) -> float:
    """Return P(bullish) - P(bearish), from -1 to 1."""
    return answer[LABELS.index("bullish")] - answer[LABELS.index("bearish")]
