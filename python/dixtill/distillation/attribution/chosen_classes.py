"""Chooses the classes of a text that are explained where there are too many to explain them all.

The class that the teacher predicts, those that the text was given and the next ones in the order
of the teacher's answer are certain to be explained. One more is drawn from the rest, each with the
same chance. An average over explained classes, each divided by its chance, then expects what the
average over all classes is (the explanation loss in student/losses.py is one).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import NamedTuple


class ChosenClasses(NamedTuple):
    """Classes in ascending order, and the chance that each had of being chosen."""

    classes: tuple[int, ...]
    chances: tuple[float, ...]


def choose_classes(
    text: str, logits: Sequence[float], given: Collection[int], count: int
) -> ChosenClasses:
    """Choose `count` classes of `text`, or all if there are no more.

    Args:
        text: the text, whose hash draws: the same text always gets the same classes.
        logits: the teacher's answer [classes].
        given: the classes that the text is said to have; the teacher's favorites come first if
            there are too many.
        count: how many to choose, at least 2.
    """
    by_logit = sorted(range(len(logits)), key=lambda label: -logits[label])
    order = sorted(by_logit, key=lambda label: (label != by_logit[0], label not in given))
    if len(order) <= count:
        return ChosenClasses(tuple(sorted(order)), (1.0,) * len(order))
    certain, others = order[: count - 1], sorted(order[count - 1 :])
    drawn = others[_number(text) % len(others)]
    chance = dict.fromkeys(certain, 1.0) | {drawn: 1 / len(others)}
    classes = tuple(sorted(chance))
    return ChosenClasses(classes, tuple(chance[label] for label in classes))


def _number(text: str) -> int:
    """Return a hash of `text`.

    It is another one than that by which a course chooses the texts to explain, so that the classes
    of those texts are random, too.
    """
    encoded = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest(), "big")
