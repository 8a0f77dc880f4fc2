"""The capabilities, and the tests of each."""

from __future__ import annotations

from .capabilities.analysts import GUIDANCE, RATINGS
from .capabilities.announcements import ANNOUNCEMENTS, QUESTIONS
from .capabilities.contrasts import HEDGES, TWO_COMPANIES
from .capabilities.figures import PRICE_TARGETS, RESULTS, SIGNED_NUMBERS
from .capabilities.invariances import INVARIANCES
from .capabilities.meaning import CHANGES, CONCESSIONS, DEGREES, OBJECTS
from .capabilities.negation import NEGATION
from .capabilities.plain import PLAIN
from .case import Case
from .families import Family
from .lexicon import Part

CAPABILITIES: tuple[Family, ...] = (
    PLAIN, NEGATION, OBJECTS, CHANGES, CONCESSIONS, DEGREES, PRICE_TARGETS, RESULTS, SIGNED_NUMBERS,
    RATINGS, GUIDANCE, ANNOUNCEMENTS, QUESTIONS, HEDGES, TWO_COMPANIES, *INVARIANCES,
)  # fmt: skip
TESTS = 60  # of each capability

Suite = dict[str, list[Case]]  # the tests of each capability, by its name


def suite(part: Part = "evaluation", seed: int = 0, tests: int = TESTS) -> Suite:
    """Make `tests` tests of each capability; the seed decides how slots are filled.

    The tests of `evaluation` and `lessons` share neither a template nor an entry of the lexicon, so
    that a student may learn from the one and be measured on the other.

    Raises:
        ValueError: `tests` is not a multiple of 6, or a capability has too few templates for it.
    """
    return {family.name: family.cases(part, seed, tests) for family in CAPABILITIES}
