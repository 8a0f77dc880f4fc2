"""The suite is large, balanced, free of copies, and the same on every machine."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest
from tests.behavior.capabilities.plain import PLAIN
from tests.behavior.case import Case, MinimumFunctionality
from tests.behavior.families import Family, Pairs, Perturbed, Statements
from tests.behavior.lexicon import LEXICONS, Part
from tests.behavior.suite import CAPABILITIES, suite

PARTS: tuple[Part, ...] = get_args(Part)


def cases(part: Part) -> list[Case]:
    return [case for group in suite(part).values() for case in group]


def templates(family: Family, part: Part) -> set[str]:
    """Return the family's own templates; a family of perturbed texts has none."""
    if isinstance(family, Statements):
        return {template for group in family.sentences(part).values() for template in group}
    if isinstance(family, Pairs):
        return {
            text for pairs in family.contrasts(part).values() for pair in pairs for text in pair
        }
    assert isinstance(family, Perturbed)
    return set()


@pytest.mark.parametrize("part", PARTS)
def test_every_capability_has_enough_tests(part: Part) -> None:
    groups = suite(part)
    assert len(groups) == len(CAPABILITIES) >= 12
    assert min(map(len, groups.values())) >= 50
    assert {case.kind for case in cases(part)} == {"MFT", "INV", "DIR"}
    assert all(len({case.kind for case in group}) == 1 for group in groups.values())


@pytest.mark.parametrize("part", PARTS)
def test_no_test_is_a_copy(part: Part) -> None:
    texts = Counter(case.texts for case in cases(part))
    assert [text for text, count in texts.items() if count > 1] == []
    assert all(len(set(case.texts)) == len(case.texts) for case in cases(part))


@pytest.mark.parametrize("part", PARTS)
def test_labels_are_balanced(part: Part) -> None:
    total: Counter[str] = Counter()
    for name, group in suite(part).items():
        labels = Counter(case.label for case in group if isinstance(case, MinimumFunctionality))
        assert len(set(labels.values())) <= 1, name
        total += labels
    assert total["bearish"] == total["bullish"]
    assert max(total.values()) < 0.4 * total.total()
    assert min(total.values()) > 0.25 * total.total()


def test_perturbed_texts_are_taken_from_every_label_equally() -> None:
    words = Statements(
        "words",
        {
            "bullish": ["up {low}", "up {high}"],
            "bearish": ["down {low}"],
            "neutral": ["flat {low}"],
        },
        {},
    )
    perturbed = Perturbed("loud", [words], lambda template, *_: template.upper())
    found = perturbed.cases("evaluation", 0, 6)
    assert Counter(case.texts[0].split()[0] for case in found) == {"up": 2, "down": 2, "flat": 2}


@pytest.mark.parametrize("part", PARTS)
def test_every_slot_is_filled(part: Part) -> None:
    for case in cases(part):
        for text in case.texts:
            assert text.strip() == text
            assert not set("{}") & set(text)


def test_the_suite_depends_on_its_seed_alone() -> None:
    assert suite() == suite(seed=0)
    assert list(suite()) == list(suite(seed=1))
    for name, group in suite(seed=1).items():
        assert group != suite()[name], name


def test_lessons_share_no_template_with_the_evaluation() -> None:
    for family in CAPABILITIES:
        evaluated = templates(family, "evaluation")
        for other in CAPABILITIES:
            assert not evaluated & templates(other, "lessons"), (family.name, other.name)


def test_lessons_share_no_filler_with_the_evaluation() -> None:
    evaluation, lessons = LEXICONS["evaluation"], LEXICONS["lessons"]
    for field in evaluation._fields:
        fillers, others = (words_of(getattr(lexicon, field)) for lexicon in (evaluation, lessons))
        assert fillers
        assert not fillers & others, field


def words_of(entries: tuple[str | tuple[str, str], ...]) -> set[str]:
    return {word for entry in entries for word in ((entry,) if isinstance(entry, str) else entry)}


def test_too_few_templates_are_an_error() -> None:
    one = Statements("one", {"bullish": ["Shares rise"]}, {})
    assert one.cases("evaluation", 0, 1) == [MinimumFunctionality("Shares rise", "bullish")]
    with pytest.raises(ValueError, match="2 tests were asked of templates that make 1"):
        one.cases("evaluation", 0, 2)


def test_a_number_that_labels_cannot_share_is_an_error() -> None:
    with pytest.raises(ValueError, match="50 tests cannot be shared evenly among 3 labels"):
        PLAIN.cases("evaluation", 0, 50)
