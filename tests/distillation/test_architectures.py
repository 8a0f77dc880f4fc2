"""Tests every kind of model that docs/how-to/own-teacher.md names.

The references are transformers on one text at a time, and the theorem that integrated gradients
sum up to the difference of the answers.
"""

from __future__ import annotations

import copy
import re
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_teachers import BUILDERS, OTHER_BUILDERS, TEXTS, build, tiny_teacher
from torch import Tensor

from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

pytestmark = pytest.mark.slow

KINDS = [*BUILDERS, *OTHER_BUILDERS]
LEFT, UNPADDED = {"xlnet"}, {"convbert", "mobilebert", "fnet"}
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "own-teacher.md"


def answer_of_transformers(teacher: Teacher, text: str) -> Tensor:
    """Logits [classes], from calling the tokenizer and the model directly."""
    taken = signature(teacher.model.forward).parameters
    given = {n: x for n, x in teacher.tokenizer([text], return_tensors="pt").items() if n in taken}
    with torch.no_grad():
        logits: Tensor = teacher.model(**given).logits[0]
    return logits


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_is_answered_as_by_transformers(kind):
    teacher = tiny_teacher(kind)
    expected = torch.stack([answer_of_transformers(teacher, text) for text in TEXTS])
    assert len(expected.round(decimals=2).unique(dim=0)) == len(TEXTS)
    torch.testing.assert_close(teacher.predict(TEXTS, batch_size=3), expected, atol=2e-5, rtol=0)
    assert teacher.padding == ("left" if kind in LEFT else "none" if kind in UNPADDED else "right")


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_of_a_text_is_the_mean_of_its_tokens_last_states(kind):
    teacher = tiny_teacher(kind)
    model = copy.deepcopy(teacher.model)  # which the call below leaves unable to be pickled
    taken = signature(model.forward).parameters
    before = len(teacher.model.base_model._forward_hooks)
    found = teacher.answer(TEXTS, batch_size=3, with_states=True)
    assert len(teacher.model.base_model._forward_hooks) == before
    assert torch.equal(found.logits, teacher.predict(TEXTS, batch_size=3))
    for row, text in enumerate(TEXTS):
        given = teacher.tokenizer([text], return_tensors="pt").items()
        with torch.no_grad():
            body = model(
                **{name: value for name, value in given if name in taken},
                output_hidden_states=True,
            )
        layers = body.get("hidden_states") or body["encoder_hidden_states"]
        expected = layers[-1][0].mean(dim=0)
        torch.testing.assert_close(found.states[row].float(), expected, atol=2e-3, rtol=2e-3)


@pytest.mark.parametrize("layer", ["embeddings", "word_embeddings"])
@pytest.mark.parametrize("kind", OTHER_BUILDERS)
def test_explanations_are_complete_and_do_not_depend_on_the_batch(kind, layer):
    teacher = tiny_teacher(kind)
    texts = ["profit jump", *TEXTS[5:7], ""]
    explain = Attributor(teacher, AttributionSettings(layer=layer, steps=96))
    together = explain(texts)
    for text, row in zip(texts, together, strict=True):
        (alone,) = explain([text])
        np.testing.assert_allclose(row.attributions, alone.attributions, atol=2e-3)
        gap = row.output - row.baseline_output
        assert row.completeness_error < 0.02 * max(1, abs(gap))
        assert row.logits == pytest.approx(answer(teacher, text), abs=2e-5)
    assert max(abs(row.output - row.baseline_output) for row in together) > 0.01


def answer(teacher: Teacher, text: str) -> list[float]:
    return teacher.predict([text])[0].tolist()


@pytest.mark.parametrize("kind", OTHER_BUILDERS)
def test_a_saved_teacher_loads(kind, tmp_path):
    model, tokenizer = build(kind)
    expected = tiny_teacher(kind).predict(TEXTS)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    torch.testing.assert_close(Teacher.load(tmp_path).predict(TEXTS), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["bart", "t5"])
def test_an_end_token_that_a_user_wrote_ends_no_text(kind):
    teacher = tiny_teacher(kind)
    texts = ["up </s> now", "</s>", *TEXTS, "</s></s> up"]
    one_by_one = torch.cat([teacher.predict([text]) for text in texts])
    torch.testing.assert_close(teacher.predict(texts), one_by_one, atol=2e-5, rtol=0)
    assert Attributor(teacher, AttributionSettings(steps=2))(texts)


def test_a_tokenizer_that_pads_on_the_left_is_taken_where_it_changes_no_answer():
    """Rotary positions are relative; GPT-2's are absolute, so padding on the left shifts them."""
    for kind in ("qwen3", "gpt2"):
        model, tokenizer = build(kind)
        tokenizer.padding_side = "left"
        teacher = Teacher(model, tokenizer)
        torch.testing.assert_close(
            teacher.predict(TEXTS), tiny_teacher(kind).predict(TEXTS), atol=2e-5, rtol=0
        )
        assert tokenizer.padding_side == teacher.padding


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("called twice", "do not give one vector for each token"),
        ("read elsewhere", "the vectors of other words do not get the answer"),
        ("no gradient", "does not require grad"),
    ],
)
def test_a_model_that_cannot_be_explained_is_refused_in_a_sentence(fault, message):
    model, tokenizer = build("bert")
    forward = model.forward

    def changed(**given: Tensor) -> object:
        if fault == "called twice":
            model.bert.embeddings(given["input_ids"])
        output = forward(**given)
        if fault == "read elsewhere":
            output.logits = output.logits + given["input_ids"][:, 1:2].float()
        if fault == "no gradient":
            output.logits = output.logits.detach()
        return output

    model.forward = changed
    teacher = Teacher(model, tokenizer)
    assert teacher.predict(TEXTS).isfinite().all()
    with pytest.raises(InputError, match=message) as raised:
        Attributor(teacher, AttributionSettings())(TEXTS[:1])
    assert "--max-explained 0" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_model_that_fails_or_answers_at_random_is_refused():
    model, tokenizer = build("bert")
    forward = model.forward

    def noisy(**given: Tensor) -> object:
        output = forward(**given)
        output.logits = output.logits + torch.randn_like(output.logits)
        return output

    def failing(**given: Tensor) -> object:
        raise IndexError("out of range\nin self")

    model.forward = noisy
    with pytest.raises(InputError, match="answers a text differently each time"):
        Teacher(model, tokenizer)
    model.forward = failing
    with pytest.raises(InputError, match=r"fails on the text '': out of range$"):
        Teacher(model, tokenizer)


def test_the_page_names_the_kinds_that_are_tested():
    (line,) = re.findall(r"The tests cover (.*)", PAGE.read_text())
    named = {re.sub(r"\W", "", name).lower() for name in re.split(r", | and ", line.split(":")[0])}
    assert {kind.replace("_", "") for kind in KINDS} <= named
