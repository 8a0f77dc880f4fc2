"""Adapters of PEFT, merged into their bases; PEFT's own model, which is not merged, says how."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_teachers import LABELS, TEXTS, build

from dixtill import extras
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError, MissingExtraError

peft = pytest.importorskip("peft", reason="needs peft: pip install 'dixtill[peft]'")
from tiny_adapters import save_adapted, save_adapter, save_base


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A LoRA of four labels for a BERT without a head, in a folder `lora` beside `base`."""
    folder = tmp_path_factory.mktemp("adapters")
    return folder, save_adapter(save_base("bert", folder / "base"), folder / "lora", 4)


@pytest.fixture
def lora(saved: tuple[Path, Any], tmp_path: Path) -> Path:
    """A copy of that adapter, which a test may change."""
    shutil.copytree(saved[0], tmp_path, dirs_exist_ok=True)
    change_config(tmp_path / "lora", base_model_name_or_path=str(tmp_path / "base"))
    return tmp_path / "lora"


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def answers(model: Any, teacher: Teacher) -> torch.Tensor:
    """Logits [texts, labels] of PEFT's model, one text at a time."""
    with torch.no_grad():
        given = (teacher.tokenizer([text], return_tensors="pt") for text in TEXTS)
        return torch.cat([model(**item).logits for item in given])


def test_a_merged_adapter_answers_as_one_that_is_not_merged(lora, saved):
    teacher = Teacher.load(lora)
    torch.testing.assert_close(
        teacher.predict(TEXTS), answers(saved[1], teacher), atol=1e-5, rtol=0
    )
    assert "lora" not in " ".join(teacher.model.state_dict())
    assert (teacher.name, teacher.folder) == ("lora", lora)


def test_labels_without_names_can_be_named(lora):
    plain = Teacher.load(lora)
    assert plain.labels == ("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3")  # the base names three
    named = Teacher.load(lora, labels=["a", "b", "c", "d"])
    assert named.labels == ("a", "b", "c", "d")
    assert torch.equal(named.predict(TEXTS), plain.predict(TEXTS))


def test_a_config_beside_the_adapter_names_the_labels(lora, saved):
    config = build("bert")[0].config
    config.id2label = {0: "a", 1: "b", 2: "c", 3: "d"}
    config.save_pretrained(lora)
    assert Teacher.load(lora).labels == ("a", "b", "c", "d")


def test_the_tokenizer_beside_the_adapter_comes_first(lora):
    tokenizer = build("bert")[1]
    tokenizer.model_max_length = 9
    tokenizer.save_pretrained(lora)
    assert Teacher.load(lora).max_length == 9


@pytest.mark.parametrize("place", ["../base", "inside"])
def test_a_base_is_found_from_the_adapters_folder(lora, place, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    expected = Teacher.load(lora).fingerprint
    if place == "inside":
        (tmp_path / "base").rename(lora / "inside")
    change_config(lora, base_model_name_or_path=place)
    assert Teacher.load(lora).fingerprint == expected


@pytest.mark.parametrize("settings", ["rslora", "dora", "ia3", "half"])
def test_other_adapters_are_merged_too(settings, tmp_path):
    base = save_base("qwen2", tmp_path / "base")
    if settings == "ia3":
        kind = peft.IA3Config(task_type="SEQ_CLS", init_ia3_weights=False)
        adapted = save_adapted(base, tmp_path / "adapter", kind)
    else:
        options = {"rslora": {"use_rslora": True}, "dora": {"use_dora": True}, "half": {}}[settings]
        adapted = save_adapter(base, tmp_path / "adapter", **options)
    if settings == "half":
        adapted.half().save_pretrained(tmp_path / "adapter")
        adapted.float()
    teacher = Teacher.load(tmp_path / "adapter")
    adapted.config.pad_token_id = teacher.model.config.pad_token_id
    expected = answers(adapted, teacher)
    if settings != "half":  # the reference's base is rounded too
        torch.testing.assert_close(teacher.predict(TEXTS), expected, atol=1e-5, rtol=0)
    assert teacher.model.dtype == torch.float32
    assert teacher.labels == tuple(LABELS.values())


def test_weights_in_a_bin_are_read_and_code_in_it_is_not_run(lora, tmp_path):
    from safetensors.torch import load_file

    expected = Teacher.load(lora).fingerprint
    weights = load_file(lora / "adapter_model.safetensors")
    (lora / "adapter_model.safetensors").unlink()
    torch.save(weights, lora / "adapter_model.bin")
    assert Teacher.load(lora).fingerprint == expected

    class Code:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({**weights, "code": Code()}, lora / "adapter_model.bin")
    with pytest.raises(InputError, match="a pickle that holds more than tensors"):
        Teacher.load(lora)
    assert not (tmp_path / "ran").exists()


def test_without_peft_the_error_names_the_extra(lora, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(
        MissingExtraError, match=r"the adapter '.*lora' needs peft, .*dixtill\[peft\]"
    ):
        Teacher.load(lora)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"base_model_name_or_path": "/gone/base"}, "'/gone/base': there is no such folder"),
        ({"base_model_name_or_path": None}, "names no base model"),
        ({"task_type": "CAUSAL_LM"}, "was trained for CAUSAL_LM, and a teacher needs"),
        ({"target_modules": ["query", "value", "key"]}, "lacks weights for its base"),
        ({"target_modules": ["query"]}, "holds weights for layers that its base"),
        ({"peft_type": "SOMETHING"}, "cannot load"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_refused_in_a_sentence(lora, changes, sentence):
    change_config(lora, **changes)
    with pytest.raises(InputError, match=sentence) as raised:
        Teacher.load(lora)
    assert "\n" not in str(raised.value)
    assert str(lora) in str(raised.value)


def test_a_base_of_fewer_layers_than_its_weights_is_refused(lora, tmp_path):
    config = json.loads((tmp_path / "base" / "config.json").read_text())
    (tmp_path / "base" / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 1}))
    with pytest.raises(InputError, match="hold layers that its config does not count"):
        Teacher.load(lora)


def test_a_head_that_nobody_trained_is_refused(tmp_path):
    """PEFT saves heads that are called classifier or score; BART's has another name."""
    save_adapter(save_base("bart", tmp_path / "base"), tmp_path / "lora")
    sentence = "nor its base .* has trained classification_head.dense.bias, .*; train the adapter"
    with pytest.raises(InputError, match=sentence):
        Teacher.load(tmp_path / "lora")


def test_an_adapter_that_is_no_part_of_the_weights_is_refused(tmp_path):
    base = save_base("bert", tmp_path / "base")
    settings = peft.PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=2)
    save_adapted(base, tmp_path / "prompt", settings)
    with pytest.raises(InputError, match="of the kind PROMPT_TUNING, which adds to the text"):
        Teacher.load(tmp_path / "prompt")
