"""Makes the tests of one capability from its templates, always the same ones for a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .case import Case, Direction, Invariance, Label, MinimumFunctionality
from .lexicon import Fills, Part, fills

Sentences = Mapping[Label, Sequence[str]]  # templates by their label
Contrasts = Sequence[tuple[str, str]]  # the more bullish template first
Perturbation = Callable[[str, Fills, Part, random.Random], str]  # of a template and its fills

_ATTEMPTS = 50  # for each test, before its templates are found to be too few
_Template = TypeVar("_Template")


class Family(Protocol):
    """The tests of one capability."""

    @property
    def name(self) -> str: ...

    def cases(self, part: Part, seed: int, number: int) -> list[Case]:
        """Make `number` different tests, equally many for each label.

        Raises:
            ValueError: `number` is not a multiple of the number of labels, or the templates make
                fewer tests.
        """
        ...


@dataclass(frozen=True)
class Statements:
    """Texts whose label is known."""

    name: str
    evaluation: Sentences
    lessons: Sentences

    def sentences(self, part: Part) -> Sentences:
        return self.evaluation if part == "evaluation" else self.lessons

    def cases(self, part: Part, seed: int, number: int) -> list[Case]:
        rng = _random(self.name, part, seed)
        sentences = self.sentences(part)
        found: list[Case] = []
        for label, templates in sentences.items():

            def make(template: str, label: Label = label) -> Case:
                return MinimumFunctionality(template.format(**fills(part, rng)), label)

            found += _distinct(templates, _share(number, len(sentences)), make)
        return found


@dataclass(frozen=True)
class Pairs:
    """Pairs of texts, of which one must be more bullish by `margin` (less, if it is negative)."""

    name: str
    evaluation: Mapping[float, Contrasts]  # by margin
    lessons: Mapping[float, Contrasts]

    def contrasts(self, part: Part) -> Mapping[float, Contrasts]:
        return self.evaluation if part == "evaluation" else self.lessons

    def cases(self, part: Part, seed: int, number: int) -> list[Case]:
        rng = _random(self.name, part, seed)
        contrasts = self.contrasts(part)
        found: list[Case] = []
        for margin, templates in contrasts.items():

            def make(template: tuple[str, str], margin: float = margin) -> Case:
                drawn = fills(part, rng)
                more, less = (text.format(**drawn) for text in template)
                return Direction(more, less, margin)

            found += _distinct(templates, _share(number, len(contrasts)), make)
        return found


@dataclass(frozen=True)
class Perturbed:
    """Statements of other families, each also after a perturbation that changes no label."""

    name: str
    bases: Sequence[Statements]
    perturb: Perturbation

    def cases(self, part: Part, seed: int, number: int) -> list[Case]:
        rng = _random(self.name, part, seed)

        def make(template: str) -> Case | None:
            drawn = fills(part, rng)
            text, perturbed = template.format(**drawn), self.perturb(template, drawn, part, rng)
            return None if text == perturbed else Invariance(text, perturbed)

        templates: dict[Label, list[str]] = {}
        for base in self.bases:
            for label, statements in base.sentences(part).items():
                templates.setdefault(label, []).extend(statements)
        share = _share(number, len(templates))
        found: list[Case] = []
        for sentences in templates.values():
            in_any_order = sorted(sentences, key=lambda _: rng.random())  # some of each family
            found += _distinct(in_any_order, share, make)
        return found


def _random(name: str, part: Part, seed: int) -> random.Random:
    return random.Random(f"{name}, {part}, {seed}")


def _share(number: int, groups: int) -> int:
    if number % groups:
        raise ValueError(f"{number} tests cannot be shared evenly among {groups} labels or margins")
    return number // groups


def _distinct(
    templates: Sequence[_Template], number: int, make: Callable[[_Template], Case | None]
) -> list[Case]:
    """Make different tests from the templates in turn; `make` may return None."""
    found: dict[Case, None] = {}
    for attempt in range(_ATTEMPTS * number):
        case = make(templates[attempt % len(templates)])
        if case is not None:
            found.setdefault(case)
        if len(found) == number:
            return list(found)
    raise ValueError(f"{number} tests were asked of templates that make {len(found)}")
