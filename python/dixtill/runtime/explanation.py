"""Defines the parts of an explanation: words with their weights, and the check of them."""

from __future__ import annotations

from collections import namedtuple


class ExplainedWord(
    namedtuple("ExplainedWord", ["text", "start", "end", "weight", "is_unknown"], defaults=[False])
):
    """A word, `text[start:end]` of what the user wrote, and its weight.

    If the student explains by gates or contributions, the weight is in units of the logit, or of
    the number that the student answers: a positive one supports the top label or raises the number,
    a negative one opposes the label or lowers the number. If it explains by scores, the weight is
    the student's raw attention score, as in the paper.

    If `is_unknown`, the student's vocabulary lacks the word or a part of it: the student reads the
    unknown piece instead, and weighs that, whatever the word is.
    """

    __slots__ = ()
    text: str
    start: int
    end: int
    weight: float
    is_unknown: bool


class Check(
    namedtuple("Check", ["effects", "correlation", "flip", "is_smallest", "label"], defaults=[None])
):
    """How the explanation compares with the student's answers to the text without some words.

    An effect is how much the label's margin falls when the student reads the text without that
    word. The margin is the label's logit, minus the mean of all logits if the labels exclude each
    other. An effect is exact, and in the units of the weights.
    """

    __slots__ = ()
    effects: tuple[float, ...]  # one for each word
    correlation: float | None  # Spearman's, of weights and effects; None where either is constant
    flip: tuple[int, ...] | None  # words without which the text loses the label, or gains it if it
    # did not have it; None if none were found, or the answer is a number
    is_smallest: bool  # whether every smaller set was tried; where flip is None, every set
    label: str | None  # the label that was checked; None in a check of an earlier version
