"""Models and tokenizers that cannot be teachers are refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError
from tiny_teachers import BUILDERS, build
from transformers import AutoTokenizer, BertModel, PreTrainedTokenizerFast

from dixtill.cli import main
from dixtill.distillation.teacher.loading import adapter
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError


@pytest.mark.parametrize("damage", ["gone", "no_weights", "bad_weights", "bad_tokenizer"])
def test_a_folder_without_a_model_is_refused(bert_folder, damage):
    if damage == "gone":
        bert_folder = bert_folder / "absent"
    elif damage == "no_weights":
        (bert_folder / "model.safetensors").unlink()
    elif damage == "bad_weights":
        (bert_folder / "model.safetensors").write_bytes(b"\x20\0\0\0\0\0\0\0 not a header")
    else:
        (bert_folder / "tokenizer.json").write_text('{"model": 1}')
    with pytest.raises(InputError, match=f"cannot load a sequence classifier from '{bert_folder}'"):
        Teacher.load(bert_folder)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("empty", "the folder has no config.json, so transformers did not save a model there"),
        ("no/such/thing", "there is no such folder"),
        ("file", "it is a file, expected a folder"),
        ("not a name", "there is no folder not a name, and no model not a name on the hub"),
    ],
)
def test_names_without_a_model_have_an_error_of_our_own(tmp_path, monkeypatch, name, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"from '{name}': {sentence}$"):
        Teacher.load(name)


@pytest.mark.parametrize("name", ["my-bert", "owner/my-bert"])
@pytest.mark.parametrize(
    ("error", "end"),
    [
        (RepositoryNotFoundError("404", response=Mock()), "no model {} on the hub"),
        (LocalEntryNotFoundError("offline"), "the hub cannot be asked for a model {}"),
    ],
)
def test_a_name_of_no_folder_is_looked_for_here_first_and_then_on_the_hub(
    tmp_path, monkeypatch, name, error, end
):
    def load(*_, **__):
        try:
            raise error
        except Exception as cause:
            raise OSError("first what transformers says about the hub") from cause

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(adapter, "has_file", lambda *_: False)
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", load)
    with pytest.raises(InputError) as raised:
        Teacher.load(name)
    assert str(raised.value) == (
        f"cannot load a sequence classifier from '{name}': there is no folder {name}, and "
        + end.format(name)
    )


def test_a_model_without_a_trained_head_is_refused(bert_folder):
    model, _ = build("bert")
    BertModel(model.config).save_pretrained(bert_folder)
    with pytest.raises(InputError, match=r"has no trained classifier.bias, classifier.weight"):
        Teacher.load(bert_folder)


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_folder_without_tokenizer_files_is_refused(kind, tmp_path):
    """transformers 5 makes a tokenizer with special tokens only, which reads all texts alike."""
    build(kind)[0].save_pretrained(tmp_path)
    with pytest.raises(InputError, match="tokenizer's files are missing") as raised:
        Teacher.load(tmp_path)
    assert str(tmp_path) in str(raised.value)


def test_a_tokenizer_of_special_tokens_alone_is_refused_whatever_the_models_size(tmp_path):
    model, _ = build("bert")
    model.resize_token_embeddings(8)
    model.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="only special tokens"):
        Teacher.load(tmp_path)


def test_tokens_past_the_embeddings_are_refused(bert_folder):
    model, tokenizer = build("bert")
    tokenizer.add_tokens(["soars"])
    tokenizer.save_pretrained(bert_folder)
    last = len(tokenizer) - 1
    with pytest.raises(
        InputError, match=rf"up to {last} \('soars'\), but the model has {last} embeddings:"
    ):
        Teacher.load(bert_folder)
    model.resize_token_embeddings(len(tokenizer) + 5)  # more embeddings than tokens are usual
    model.save_pretrained(bert_folder)
    assert Teacher.load(bert_folder).predict(["profit soars"]).isfinite().all()


def test_layers_that_the_config_does_not_count_are_refused(bert_folder):
    change_config(bert_folder, num_hidden_layers=1)
    with pytest.raises(InputError, match=r"hold layers .* such as bert.encoder.layer.1"):
        Teacher.load(bert_folder)


def test_weights_of_another_shape_are_refused(bert_folder):
    change_config(bert_folder, id2label={"0": "a", "1": "b"}, label2id={"a": 0, "b": 1})
    message = r"classifier.bias has shape \[3\], expected \[2\]"
    with pytest.raises(InputError, match=message):
        Teacher.load(bert_folder)


@pytest.mark.parametrize("command", ["attribute", "distill", "finetune"])
@pytest.mark.parametrize("damage", ["no tokenizer", "other shape", "more layers"])
def test_a_command_says_what_is_wrong_in_one_sentence(bert_folder, capfd, command, damage):
    if damage == "no tokenizer":
        for file in bert_folder.glob("tokenizer*"):
            file.unlink()
    elif damage == "other shape":
        change_config(bert_folder, intermediate_size=16)
    else:
        change_config(bert_folder, num_hidden_layers=1)
    data = bert_folder / "data.csv"
    data.write_text("text,label\n" + "jump,bullish\nfall,bearish\nhold,neutral\n" * 4)
    arguments = {
        "attribute": ["--teacher", str(bert_folder), "--data", str(data)],
        "distill": ["--teacher", str(bert_folder), "--train", str(data), "--holdout", "0.5"],
        "finetune": ["--base", str(bert_folder), "--train", str(data), "--holdout", "0.5"],
    }[command]
    assert main([command, *arguments, "--out", str(bert_folder / "out")]) == 2
    printed = capfd.readouterr()
    assert printed.err.startswith("dixtill: ")
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_refused(value):
    model, tokenizer = build("bert")
    model.classifier.weight.data[0, 0] = value
    with pytest.raises(InputError, match="answers with NaN or infinity"):
        Teacher(model, tokenizer)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"problem_type": "ranking"}, "problem_type is ranking, expected single_label_class"),
        ({"problem_type": "regression"}, r"it gives 3 numbers \(bearish, bullish, neutral\)"),
        ({"id2label": {1: "a", 2: "b", 3: "c"}}, "keys 1, 2, 3, expected 0, 1, 2"),
        ({"id2label": {0: "a", 1: "b", 2: "b"}}, "label occurs twice, 'b'"),
        ({"id2label": {0: "a", 1: " b", 2: "b "}}, "label occurs twice, 'b'"),
        ({"id2label": {0: "a", 1: "b", 2: " "}}, "label 2 is empty"),
        ({"id2label": {0: "a", 1: "b", 2: 5}}, "label 2 is 5, of type int"),
        ({"id2label": {0: "a", 1: None, 2: "c"}}, "label 1 is None, of type NoneType"),
        ({"id2label": {0: "a", 1: "b", 2: "\ud800"}}, "lone surrogate"),
        (
            {"id2label": {0: "a", 1: "b"}},
            r"shape \[3, 3\] for 3 texts, expected \[3, 2\]",
        ),
    ],
)
def test_a_head_that_no_student_can_have_is_refused(changes, message):
    model, tokenizer = build("bert")
    for name, value in changes.items():
        setattr(model.config, name, value)
    with pytest.raises(InputError, match=message):
        Teacher(model, tokenizer)


def test_blanks_around_a_label_are_not_part_of_it():
    model, tokenizer = build("bert")
    model.config.id2label = {0: " up ", 1: "down", 2: "LABEL_2"}
    assert Teacher(model, tokenizer).labels == ("up", "down", "LABEL_2")


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_slow_tokenizer_is_refused():
    class SlowTokenizer:
        is_fast = False

    with pytest.raises(InputError, match="SlowTokenizer is not a fast tokenizer"):
        Teacher(build("bert")[0], SlowTokenizer())


def test_a_tokenizer_with_nothing_to_pad_with_is_refused():
    model, tokenizer = build("qwen2")
    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer)
    with pytest.raises(InputError, match="neither a padding nor an end token"):
        Teacher(model, bare)
