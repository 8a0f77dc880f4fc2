"""Teachers in the forms in which people have them, from a folder to a student that answers.

The references are transformers and PEFT on the same weights, and Captum.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import tiny_teachers
import torch
from captum_answers import baseline_ids, captum, summed_over_words
from quick_attributions import LAYERS
from small_course import TRAIN, VALID, run

import dixtill
from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.teacher import Teacher

TEXTS = tiny_teachers.TEXTS[:4]
ARCHITECTURES = (
    "modernbert", "deberta_v3", "electra", "albert", "xlnet", "mpnet", "bart", "t5", "gpt2",
    "qwen3", "gemma3",
)  # fmt: skip
# Captum replaces the output of one call, in which each row is a text. XLNet's rows are positions,
# and an encoder-decoder looks each text up twice, shifted by one token the second time.
CAPTUM_CANNOT = {"xlnet", "bart", "t5"}
# At the whole embedding module, Captum's baseline has the positions of padding.
CAPTUM_NEEDS_WORDS = {"mpnet"}


class Case(NamedTuple):
    teacher: Teacher
    reference: Any  # a model that was not saved, or not merged


def architecture(kind: str, folder: Path) -> Any:
    model, tokenizer = tiny_teachers.build(kind)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model


def precision(dtype: torch.dtype) -> Callable[[Path], Any]:
    def save(folder: Path) -> Any:
        model, tokenizer = tiny_teachers.build("bert")
        model.to(dtype).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return model.float()

    return save


def shards(folder: Path) -> Any:
    model, tokenizer = tiny_teachers.build("bert")
    model.save_pretrained(folder, max_shard_size="10KB")
    assert len(list(folder.glob("model-0*.safetensors"))) > 2
    tokenizer.save_pretrained(folder)
    return model


def pickled(folder: Path) -> Any:
    model = architecture("bert", folder)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return model


def lora(folder: Path) -> Any:
    pytest.importorskip("peft", reason="needs peft: pip install 'dixtill[peft]'")
    from tiny_adapters import save_adapter, save_base

    return save_adapter(save_base("bert", folder / "base"), folder)


FORMS: dict[str, Callable[[Path], Any]] = {
    "lora": lora,
    "bfloat16": precision(torch.bfloat16),
    "float16": precision(torch.float16),
    "sharded": shards,
    "bin": pickled,
}


KINDS = [*FORMS, *ARCHITECTURES]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def case(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp(kind)
    model = FORMS[kind](folder) if kind in FORMS else architecture(kind, folder)
    return Case(Teacher.load(folder), model.eval())


def test_it_answers_as_the_model_that_was_saved(case):
    for text in TEXTS:
        given = case.teacher.tokenizer([text], return_tensors="pt")
        if not case.teacher.reads_token_types:
            given.pop("token_type_ids", None)
        with torch.no_grad():
            expected = case.reference(**given).logits
        torch.testing.assert_close(case.teacher.predict([text]), expected, atol=2e-5, rtol=0)


def test_its_explanations_add_up_to_its_answers(case):
    (row,) = Attributor(case.teacher, AttributionSettings(steps=64))(TEXTS[:1])
    gap = row.output - row.baseline_output
    assert abs(gap) > 0.01
    assert row.completeness_error < 0.02 * max(1, abs(gap))
    assert np.abs(row.attributions).max() > 0.01


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in CAPTUM_CANNOT], indirect=True, scope="module"
)
def test_its_explanations_are_captums(case, kind):
    for layer in LAYERS[1:] if kind in CAPTUM_NEEDS_WORDS else LAYERS:
        settings = AttributionSettings(layer=layer, steps=5)
        for row in Attributor(case.teacher, settings)(TEXTS[:2]):
            by_token = captum(case.teacher, row.text, row.predicted, settings)
            offsets = baseline_ids(case.teacher, row.text)[2]
            expected = summed_over_words(by_token, offsets, row)
            np.testing.assert_allclose(row.attributions, expected, atol=2e-5)
            assert max(map(abs, expected)) > 1e-3


def test_it_teaches_a_student_that_loads_and_answers(case, tmp_path):
    few = {
        "train": TRAIN.take(range(6)),
        "valid": VALID.take(range(3)),
        "epochs": 1,
        "perturbed": 0,
    }
    run(case.teacher, tmp_path / "run", "dixtill", **few)
    student = dixtill.load(tmp_path / "run.safetensors")
    answer = student(TRAIN.texts[0])
    assert student.labels == tuple(answer.probabilities) == case.teacher.labels
    assert [word.text for word in answer.words] == TRAIN.texts[0].split()
    assert any(word.weight for word in answer.words)
