"""Runs the suite on a classifier, and counts what a teacher and its student pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypedDict

from .case import Probabilities
from .suite import Suite

Answer = Callable[[Sequence[str]], Sequence[Probabilities]]
Outcomes = dict[str, list[bool]]  # whether each test passes, by capability


class Counts(TypedDict):
    """How many tests of a capability pass; the teacher's numbers are None without a teacher."""

    capability: str
    kind: str
    tests: int
    teacher: int | None
    student: int
    both: int | None


def outcomes(tests: Suite, answer: Answer) -> Outcomes:
    """Return whether the classifier passes each test; each text is answered once."""
    cases = [case for group in tests.values() for case in group]
    texts = list(dict.fromkeys(text for case in cases for text in case.texts))
    answers = dict(zip(texts, answer(texts), strict=True))
    return {
        name: [case.passes([answers[text] for text in case.texts]) for case in group]
        for name, group in tests.items()
    }


def counts(tests: Suite, student: Outcomes, teacher: Outcomes | None) -> list[Counts]:
    """Return a row for each capability, in the order of the suite."""
    return [
        {
            "capability": name,
            "kind": group[0].kind,
            "tests": len(group),
            "teacher": None if teacher is None else sum(teacher[name]),
            "student": sum(student[name]),
            "both": None if teacher is None else _both(teacher[name], student[name]),
        }
        for name, group in tests.items()
    ]


def _both(teacher: Sequence[bool], student: Sequence[bool]) -> int:
    return sum(taught and learned for taught, learned in zip(teacher, student, strict=True))
