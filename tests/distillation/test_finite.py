"""NaN and infinity are refused, with the name of what holds them, wherever they could spread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_teachers import TEXTS, build

from dixtill.cli import main
from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.finite import check_parameters, diverged
from dixtill.distillation.measures.scores import scores_of
from dixtill.distillation.student.outputs.temperature import fit_temperature
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError, shortened

NAN, INFINITY = float("nan"), float("inf")
EXPLAINED = Attribution(
    "up now", (1.0, 2.0), 1, 1.0, 0.5, 0.1, (0, 3), (2, 6), (0.2, 0.3), (1, 1),
    ((-0.2, -0.3), (0.2, 0.3)), 3,
)  # fmt: skip
WORD = "jump"


def diverged_teacher() -> Teacher:
    """A teacher whose answer to texts with one word is NaN."""
    model, tokenizer = build("bert")
    teacher = Teacher(model, tokenizer)
    row = tokenizer.convert_tokens_to_ids(WORD)
    model.get_input_embeddings().weight.data[row] = NAN
    return teacher


def test_a_teachers_answer_is_refused_with_its_text():
    teacher, (bad, good) = diverged_teacher(), (TEXTS[0], TEXTS[5])
    assert WORD in bad
    assert teacher.predict([good]).isfinite().all()
    with pytest.raises(InputError, match=rf"for '{bad}' are not finite \(nan, nan, nan\); .*lower"):
        teacher.predict([good, bad])
    with pytest.raises(InputError, match=rf"for '{bad}' are not finite"):
        Attributor(teacher, AttributionSettings(steps=2))([good, bad])


def test_attributions_of_nan_are_not_stored(tmp_path):
    class Broken(Attributor):
        def _attribution(self, read, integral) -> Attribution:
            integral.by_output[0, 0] = NAN
            return super()._attribution(read, integral)

    attributor = Broken(Teacher(*build("bert")), AttributionSettings(steps=2))
    with pytest.raises(InputError, match=r"the explanation of '.+' is not finite; explain with"):
        AttributionStore(tmp_path).run(attributor, TEXTS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize(
    "name",
    ["logits", "output", "baseline_output", "completeness_error", "attributions", "by_class"],
)
def test_an_attribution_holds_finite_numbers(name, value):
    before = getattr(EXPLAINED, name)
    if name == "by_class":
        changed = (before[0], (before[1][0], value))
    else:
        changed = (*before[:-1], value) if isinstance(before, tuple) else value
    with pytest.raises(InputError, match="the explanation of 'up now' is not finite"):
        replace(EXPLAINED, **{name: changed})


@pytest.mark.parametrize(
    "change",
    [{"starts": (0,)}, {"num_tokens": ()}, {"by_class": ((), (0.1, 0.2))}, {"predicted": 2}],
    ids=str,
)
def test_an_attribution_has_a_number_for_each_word(change):
    with pytest.raises(InputError, match="the explanation of 'up now' does not fit its words"):
        replace(EXPLAINED, **change)


def test_scores_and_temperatures_of_nan_are_refused():
    probabilities = np.array([[0.5, 0.5], [NAN, NAN], [1.0, 0.0]])
    with pytest.raises(InputError, match="probabilities of text 2 of 3 are not finite"):
        scores_of([0, 1, 0], probabilities)
    with pytest.raises(InputError, match="the logits are not all finite"):
        fit_temperature(torch.tensor([[0.0, INFINITY]]), torch.tensor([0]))


def test_weights_are_refused_by_name():
    weights = {"ids": torch.tensor([1]), "a": torch.ones(2), "b": torch.tensor([0.0, INFINITY])}
    with pytest.raises(InputError, match="the parameters 'b' of the student are not all finite"):
        check_parameters(weights, "the student")
    del weights["b"]
    check_parameters(weights, "the student")


def test_the_error_says_what_to_change():
    assert str(diverged("the loss", 0.01)).endswith("a lower learning rate than 0.01")
    assert str(diverged("the loss", 0.01, "bfloat16")).endswith("0.01, or the precision float32")


def test_long_texts_are_quoted_in_part():
    assert shortened("x" * 60) == "x" * 60
    assert shortened("x" * 61) == "x" * 60 + "..."


@pytest.mark.parametrize("command", ["attribute", "distill"])
def test_a_command_ends_with_a_sentence(tmp_path, monkeypatch, capsys, command):
    monkeypatch.setattr(Teacher, "load", lambda _, **__: diverged_teacher())
    data = tmp_path / "data.csv"
    rows = [f"{text},{label}" for text in ("no change", "shares jump") for label in (0, 1, 2)]
    data.write_text("\n".join(["text,label", *rows * 4, ""]))
    given = {
        "attribute": ["--data", str(data), "--out", str(tmp_path / "out")],
        "distill": ["--train", str(data), "--out", str(tmp_path / "out"), "--method", "kl"],
    }
    assert main([command, "--teacher", "bert", *given[command]]) == 2
    error = capsys.readouterr().err
    assert "the logits of the teacher for 'shares jump' are not finite" in error
    assert "Traceback" not in error
    assert not list(Path(tmp_path).rglob("*.parquet"))
    assert not list(Path(tmp_path).rglob("*.npy"))
