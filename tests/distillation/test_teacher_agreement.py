"""Runs tools/measure_teacher_agreement.py on attributions whose agreement is known."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

from dixtill.distillation.attribution.attributor import Attribution

TOOL = runpy.run_path(
    str(Path(__file__).parents[2] / "tools" / "measure_teacher_agreement.py"), run_name="tool"
)
ONE = Attribution(
    text="a b c d",
    logits=(1.0, 0.0),
    predicted=0,
    output=1.0,
    baseline_output=0.0,
    completeness_error=0.0,
    starts=(0, 2, 4, 6),
    ends=(1, 3, 5, 7),
    attributions=(4.0, 3.0, -2.0, 1.0),
    num_tokens=(1, 1, 1, 1),
    by_class=(),
    steps=1,
)


def test_an_explanation_agrees_wholly_with_itself_in_every_measure():
    assert TOOL["shown"]([(ONE, ONE)]) == (
        "1 texts  feature@3 1.00  sign@3 1.00  Spearman 1.00  cosine 1.00"
    )


def test_words_are_matched_by_their_place_and_measures_are_means():
    turned = replace(
        ONE,
        starts=ONE.starts[::-1],
        ends=ONE.ends[::-1],
        attributions=(-1.0, 2.0, -3.0, -4.0),  # of d, c, b, a
    )
    assert TOOL["shown"]([(ONE, turned), (ONE, ONE)]) == (
        "2 texts  feature@3 1.00  sign@3 0.50  Spearman 0.00  cosine 0.00"
    )


def test_texts_of_three_words_or_fewer_count_for_nothing():
    short = replace(
        ONE, starts=(0, 2, 4), ends=(1, 3, 5), attributions=(1.0, 2.0, 3.0), num_tokens=(1, 1, 1)
    )
    assert TOOL["shown"]([(short, ONE)]) == "no text of more than 3 words"
    assert TOOL["shown"]([(short, ONE), (ONE, ONE)]).startswith("1 texts")


def test_a_word_that_the_other_teacher_lacks_has_no_weight_there():
    short = replace(ONE, starts=(0, 2), ends=(1, 3), attributions=(4.0, 3.0), num_tokens=(1, 1))
    # Of a, b, c and d the weights are 4, 3, -2, 1, and 4, 3, 0, 0; cosine 25 / sqrt(30 * 25).
    assert TOOL["shown"]([(ONE, short)]).endswith("cosine 0.91")
