"""Tests what each of Captum's explainers computes, and that no text depends on another."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_teachers import TEXTS, tiny_teacher

from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.errors import InputError

OTHERS = ("gradient_x_input", "deep_lift", "gradient_shap", "occlusion")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bert", "roberta", "qwen2"])
@pytest.mark.parametrize("name", OTHERS)
def test_a_text_alone_is_explained_as_in_company(kind, name):
    attributor = Attributor(tiny_teacher(kind), AttributionSettings(explainer=name))
    together = attributor(TEXTS[:3])
    for text, row in zip(TEXTS[:3], together, strict=True):
        np.testing.assert_allclose(attributor([text])[0].attributions, row.attributions, atol=1e-6)
        assert np.any(row.attributions)


def test_occlusion_is_what_the_answer_loses_without_a_word(bert):
    (row,) = Attributor(bert, AttributionSettings(explainer="occlusion"))(["profit jump up"])
    ids = bert.encode(["profit jump up"]).input_ids
    for word, loss in enumerate(row.attributions):
        without = ids.clone()
        without[0, 1 + word] = bert.tokenizer.pad_token_id
        with torch.no_grad():
            left = bert.logits(without, torch.ones_like(ids))[0, row.predicted]
        assert loss == pytest.approx(row.output - float(left), abs=1e-5)


def test_gradient_x_input_is_the_gradient_times_the_difference_from_the_baseline(bert):
    (at_end,) = Attributor(bert, AttributionSettings(explainer="gradient_x_input"))(TEXTS[:1])
    read = Attributor(bert, AttributionSettings(explainer="gradient_x_input"))._read(TEXTS[:1])[0]
    points = (read.path.start + read.path.delta)[None].requires_grad_()
    answers = Attributor(bert, AttributionSettings())._answers
    ids = read.path.input_ids[None]
    answers(points, ids, torch.ones_like(ids))[0, at_end.predicted].backward()
    by_token = (points.grad[0] * read.path.delta).sum(dim=1)
    sums = torch.zeros(read.path.num_words).scatter_add(0, read.path.word_of_token.long(), by_token)
    np.testing.assert_allclose(at_end.attributions, sums[:-1], atol=1e-6)


def test_gradient_shap_samples_what_integrated_gradients_integrate(bert):
    rows = Attributor(bert, AttributionSettings(explainer="gradient_shap"))(TEXTS)
    exact = Attributor(bert, AttributionSettings(steps=50))(TEXTS)
    for row, other in zip(rows, exact, strict=True):
        one, two = np.array(row.attributions), np.array(other.attributions)
        assert one @ two > 0.9 * np.linalg.norm(one) * np.linalg.norm(two)


def test_deep_lift_is_not_the_plain_gradient(bert):
    """The pooler's tanh is a module, whose slope DeepLift replaces."""
    rescaled, plain = (
        Attributor(bert, AttributionSettings(explainer=name))(TEXTS)
        for name in ("deep_lift", "gradient_x_input")
    )
    for row, other in zip(rescaled, plain, strict=True):
        assert not np.allclose(row.attributions, other.attributions, rtol=1e-3)


def test_random_numbers_of_the_caller_are_left_alone(bert):
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002  Captum's
    Attributor(bert, AttributionSettings(explainer="gradient_shap"))(TEXTS[:1])
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002  Captum's
    assert torch.equal(torch.get_rng_state(), before[1])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"explainer": "lime"},
            "unknown explainer 'lime', expected one of integrated_gradients,",
        ),
        (
            {"precision": "int8"},
            "unknown precision 'int8', expected one of auto, float32, bfloat16",
        ),
        ({"classes": "most"}, "unknown classes 'most', expected one of predicted, some, all"),
        ({"tolerance": 0.0}, "tolerance is 0.0, which is out of range: expected a number above 0"),
        ({"tolerance": float("nan")}, "tolerance is nan"),
        ({"max_steps": 8}, "max_steps is 8, which is out of range: expected a whole number from 9"),
    ],
)
def test_unusable_settings_are_refused(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        AttributionSettings(**changes)
