"""Integrated gradients of tiny teachers: every text and word, in batches of any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from quick_attributions import LAYERS, QUADRATURES, explain
from tiny_teachers import BUILDERS, NUM_POSITIONS, TEXTS, tiny_teacher

from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.attribution.quadrature import fixed_rule
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.specification.cleaning import clean
from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import split_words

# Every teacher with the first rule, and one with every rule; test_attributions_beside_captum.py
# calls Captum itself for every teacher with every rule.
KINDS_AND_RULES = [
    (kind, rule)
    for kind in BUILDERS
    for rule in QUADRATURES
    if kind == "bert" or rule == QUADRATURES[0]
]
FEW = TEXTS[:4]  # those with numbers, quotes, accents and emoji; for Captum, which is slow


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
def test_the_error_shrinks_with_the_steps(any_teacher, layer):
    def error(steps: int, rule: str = "gausslegendre") -> float:
        rows = explain(any_teacher, TEXTS, steps=steps, layer=layer, quadrature=rule)
        return sum(row.completeness_error for row in rows) / len(rows)

    assert (finest := error(64)) < 0.03
    assert finest < error(2) / 10
    for rule in ("riemann_middle", "riemann_trapezoid"):
        assert error(48, rule) < error(3, rule) / 4


def test_every_word_has_its_span_its_tokens_and_a_number(any_teacher):
    for row in explain(any_teacher, TEXTS):
        words = list(split_words(row.text, Normalizer(symbols=True)))
        assert row.starts == tuple(word.start for word in words)
        assert row.ends == tuple(word.end for word in words)
        assert len(row.attributions) == len(row.num_tokens) == len(words)
        assert np.isfinite(row.attributions).all()
        for word, count, value in zip(words, row.num_tokens, row.attributions, strict=True):
            # A teacher may read 🚀🚀 as one token, which belongs to the first word.
            is_second = row.text[max(word.start - 1, 0) : word.end] == "🚀🚀"
            assert (count >= 1 and value != 0) or (is_second and count == value == 0)


def test_tokens_are_counted_word_by_word(bert):
    (row,) = explain(bert, ["Earnings isn't https://t.co/x up"])
    words = [row.text[start:end] for start, end in zip(row.starts, row.ends, strict=True)]
    assert words == ["Earnings", "isn't", "up"]
    assert row.num_tokens == (2, 5, 1)  # earn ##ings, i ##s ##n ' t, up


@pytest.mark.slow
@pytest.mark.parametrize("explainer", ["integrated_gradients", "captum"])
@pytest.mark.parametrize("explained", ["logit", "probability"])
def test_explaining_all_classes_changes_nothing_for_the_predicted_one(
    any_teacher, explained, explainer
):
    every = explain(any_teacher, FEW, output=explained, classes="all", explainer=explainer)
    predicted = explain(
        any_teacher, FEW, output=explained, classes="predicted", explainer=explainer
    )
    for row, other in zip(every, predicted, strict=True):
        assert_same(row, other)
        assert row.by_class[row.predicted] == row.attributions
        assert other.by_class == ()
        if explained == "probability":  # whose sum is always 1
            np.testing.assert_allclose(np.sum(row.by_class, axis=0), 0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("explainer", ["integrated_gradients", "captum"])
@pytest.mark.parametrize("layer", LAYERS)
def test_batch_and_padding_change_nothing(any_teacher, layer, explainer):
    texts = [*TEXTS, "", "up"]
    alone = [explain(any_teacher, [text], layer=layer, explainer=explainer)[0] for text in texts]
    together = explain(any_teacher, texts, layer=layer, explainer=explainer)
    turned = explain(any_teacher, texts[::-1], layer=layer, explainer=explainer)[::-1]
    for one, *others in zip(alone, together, turned, strict=True):
        for other in others:
            assert_same(one, other)


@pytest.mark.parametrize("explained", ["logit", "probability"])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("kind", "rule"), KINDS_AND_RULES)
def test_it_agrees_with_captums_integrated_gradients(kind, rule, layer, explained):
    teacher = tiny_teacher(kind)
    rows = [
        explain(teacher, FEW, layer=layer, output=explained, quadrature=rule, explainer=explainer)
        for explainer in ("integrated_gradients", "captum")
    ]
    for mine, theirs in zip(*rows, strict=True):
        assert_same(mine, theirs)


@pytest.mark.parametrize("explainer", ["integrated_gradients", "captum"])
@pytest.mark.parametrize("rows_per_pass", [1, 300, 10**6])
def test_the_size_of_a_pass_changes_nothing(bert, explainer, rows_per_pass):
    settings = AttributionSettings(explainer=explainer, steps=7)
    expected = Attributor(bert, AttributionSettings(steps=7))(TEXTS)
    for one, other in zip(Attributor(bert, settings, rows_per_pass)(TEXTS), expected, strict=True):
        assert_same(one, other)


def assert_same(one: Attribution, other: Attribution) -> None:
    assert (one.text, one.predicted, one.starts, one.ends, one.num_tokens) == (
        other.text, other.predicted, other.starts, other.ends, other.num_tokens
    )  # fmt: skip
    for name in ("logits", "output", "baseline_output", "completeness_error", "attributions"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-5), name


ODD_TEXTS = {
    "empty": "",
    "blank": " \t\n",
    "only URLs": "https://t.co/a www.b.example",
    "long": "shares up " * 100,
    "one long word": "x" * 3000,
    "surrogates": "\udfff shares \ud800\ud800 up",
    "only a surrogate": "\ud800",
    "control characters": "\x00\x01\ufffd",
    "emoji": "🚀👩‍👩‍👧🇮🇹",
    "special tokens": "[SEP] </s> <pad> [PAD] [CLS]",
    "marks": "e\u0301\u0327\u0301 \u0301",
}


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
def test_any_text_is_explained_alone_and_in_company(any_teacher, layer):
    texts = list(ODD_TEXTS.values())
    attributor = Attributor(any_teacher, AttributionSettings(layer=layer, steps=3))
    rows = [*(attributor([text])[0] for text in texts), *attributor(texts)]
    for text, row in zip([*texts, *texts], rows, strict=True):
        assert row.text == text
        assert len(row.starts) == len(list(split_words(clean(text), Normalizer(symbols=True))))
        assert np.isfinite([*row.logits, *row.attributions, row.completeness_error]).all()
        assert all(value == 0 for value, count in pairs(row) if count == 0)


def pairs(row: Attribution) -> list[tuple[float, int]]:
    return list(zip(row.attributions, row.num_tokens, strict=True))


def test_a_text_without_words_is_its_own_baseline(any_teacher):
    for row in explain(any_teacher, ["", "https://t.co/a"]):
        assert row.attributions == row.starts == row.ends == row.num_tokens == ()
    (row,) = explain(any_teacher, [""])
    assert row.output == row.baseline_output
    assert row.completeness_error == row.relative_error == 0


def test_words_past_the_teachers_limit_have_no_part(any_teacher):
    (row,) = explain(any_teacher, ["profit " * 100], steps=2)
    tokens = sum(row.num_tokens)
    assert 0 < tokens <= NUM_POSITIONS
    assert row.num_tokens[0] > 0
    assert row.attributions[0] != 0
    assert pairs(row)[-1] == (0, 0)


def test_the_cleaning_is_that_of_the_settings(bert):
    text = "profit &amp; up"
    (cleaned,) = explain(bert, [text])
    (raw,) = explain(bert, [text], cleaning=())
    assert len(raw.starts) == len(cleaned.starts) + 2  # & amp ; instead of &
    assert raw.logits != cleaned.logits


def test_lengths_are_those_of_the_cleaned_texts(bert):
    attributor = Attributor(bert, AttributionSettings())
    assert attributor.num_tokens(["up", "up https://t.co/abc", ""]) == [3, 3, 2]


def test_texts_with_equally_many_tokens_share_a_baseline_unless_one_contains_padding(monkeypatch):
    teacher = tiny_teacher("roberta")  # whose positions skip padding
    texts = ["up", "no", "up up", "no no", "<pad><pad>"]  # of 4, 4, 7, 7 and 4 tokens
    expected = [explain(teacher, [text])[0].baseline_output for text in texts]
    sizes = []
    original = Teacher.logits

    def counting(self, input_ids, *others):
        sizes.append(len(input_ids))
        return original(self, input_ids, *others)

    monkeypatch.setattr(Teacher, "logits", counting)
    found = [row.baseline_output for row in explain(teacher, texts)]
    assert found == pytest.approx(expected, abs=1e-5)
    assert sizes[:2] == [5, 3]


@pytest.mark.parametrize("steps", [2, 5, 24, 50])
@pytest.mark.parametrize(
    ("rule", "degree"),
    [("gausslegendre", None), ("riemann_middle", 1), ("riemann_trapezoid", 1)],
)
def test_a_rule_is_exact_up_to_its_degree(rule, degree, steps):
    nodes, weights = fixed_rule(rule, steps)
    assert nodes.dtype == weights.dtype == torch.float32
    assert len(nodes) == len(weights) == steps
    for power in range(1 + (2 * steps - 1 if degree is None else degree)):
        integral = float((weights.double() * nodes.double() ** power).sum())
        assert integral == pytest.approx(1 / (power + 1), abs=1e-6)


def test_unusable_settings_are_refused():
    with pytest.raises(
        InputError, match="steps is 1, which is out of range: expected a whole number from 2"
    ):
        AttributionSettings(steps=1)
    with pytest.raises(InputError, match="unknown quadrature 'simpson'"):
        fixed_rule("simpson", 4)
