"""Compares integrated gradients of tiny teachers of every kind with direct calls of Captum."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from captum_answers import baseline_ids, captum, output, summed_over_words
from quick_attributions import LAYERS, QUADRATURES, explain
from tiny_teachers import BUILDERS, TEXTS, tiny_teacher

from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.data.corpus import read_corpus
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.specification.cleaning import clean

# At the embedding module Captum reads the baseline's ids, from which the RoBERTas also derive
# positions; for them the outputs, the error and the two explainers are tested instead.
CAPTUM_AGREES = [
    (kind, layer)
    for kind in BUILDERS
    for layer in LAYERS
    if layer == "word_embeddings" or not kind.endswith("roberta")
]


@cache
def difference_of_outputs(teacher: Teacher, text: str, target: int, kind: str) -> float:
    """f(x) - f(x'), with the words of the baseline given as vectors."""
    ids, baseline, _ = baseline_ids(teacher, text)
    mask = torch.ones_like(ids)
    words = teacher.model.get_input_embeddings()(baseline)
    with torch.no_grad():
        at_text = teacher.model(input_ids=ids, attention_mask=mask).logits
        at_baseline = teacher.model(inputs_embeds=words, attention_mask=mask).logits
    return float((output(at_text, kind) - output(at_baseline, kind))[0, target])


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "layer"), CAPTUM_AGREES)
@pytest.mark.parametrize("rule", QUADRATURES)
@pytest.mark.parametrize("explained", ["logit", "probability"])
def test_words_and_error_equal_captums(kind, layer, rule, explained):
    teacher = tiny_teacher(kind)
    settings = AttributionSettings(layer=layer, output=explained, quadrature=rule, steps=5)
    # Captum 0.9 weights the n nodes of the trapezoid rule by 1/n instead of 1/(n - 1).
    scale = 5 / 4 if rule == "riemann_trapezoid" else 1.0
    texts = [*TEXTS[:4], "up  &  up"]
    for row in Attributor(teacher, settings)(texts):
        by_token = captum(teacher, row.text, row.predicted, settings) * scale
        _, _, offsets = baseline_ids(teacher, row.text)
        expected = summed_over_words(by_token, offsets, row)
        np.testing.assert_allclose(row.attributions, expected, atol=1e-5)
        assert max(map(abs, expected)) > 1e-3
        gap = difference_of_outputs(teacher, row.text, row.predicted, explained)
        error = abs(float(by_token.sum()) - gap)
        assert row.completeness_error == pytest.approx(error, abs=1e-5)
        assert row.relative_error == pytest.approx(error / abs(gap), rel=0.01, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("explained", ["logit", "probability"])
def test_the_outputs_are_those_of_the_model(any_teacher, explained):
    for row in explain(any_teacher, TEXTS, output=explained):
        ids, _, _ = baseline_ids(any_teacher, row.text)
        logits = any_teacher.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        assert row.logits == pytest.approx(logits[0].tolist(), abs=1e-5)
        assert row.predicted == int(logits.argmax())
        assert row.output == pytest.approx(float(output(logits, explained)[0, row.predicted]), 1e-4)
        gap = difference_of_outputs(any_teacher, row.text, row.predicted, explained)
        assert row.output - row.baseline_output == pytest.approx(gap, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "layer"), CAPTUM_AGREES)
@pytest.mark.parametrize("explained", ["logit", "probability"])
def test_the_words_of_each_class_equal_captums(kind, layer, explained):
    teacher = tiny_teacher(kind)
    settings = AttributionSettings(layer=layer, output=explained, classes="all", steps=5)
    for row in Attributor(teacher, settings)(TEXTS[:4]):
        _, _, offsets = baseline_ids(teacher, row.text)
        assert len(row.by_class) == len(row.logits)
        for label, words in enumerate(row.by_class):
            expected = summed_over_words(captum(teacher, row.text, label, settings), offsets, row)
            np.testing.assert_allclose(words, expected, atol=1e-5)


@pytest.mark.slow
def test_real_tweets_are_explained_as_by_captum(tfns, teacher_tfns):
    teacher = Teacher.load(teacher_tfns)
    texts = read_corpus(tfns / "valid.csv", teacher.labels).texts[200:1000:100]
    settings = AttributionSettings(steps=24)
    rows = Attributor(teacher, settings)(texts)
    assert np.median([row.relative_error for row in rows]) < 0.1
    for row in rows:
        # Offsets in the cleaned text are offsets in the user's text: this cleaning keeps positions.
        by_token = captum(teacher, clean(row.text), row.predicted, settings)
        _, _, offsets = baseline_ids(teacher, clean(row.text))
        expected = summed_over_words(by_token, offsets, row)
        np.testing.assert_allclose(row.attributions, expected, atol=1e-5)
