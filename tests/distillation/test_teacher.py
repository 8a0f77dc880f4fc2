"""Tests how a teacher is loaded, pads, limits lengths, and is told from other teachers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tiny_teachers import BUILDERS, END_OF_TEXT, LABELS, NUM_POSITIONS, TEXTS, build, tiny_teacher
from transformers import BertModel, PreTrainedTokenizerFast

from dixtill.cli import main
from dixtill.distillation.teacher.embedding_layer import captured_output, changed_output
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny BERT as transformers saves it."""
    model, tokenizer = build("bert")
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_a_loaded_teacher_is_the_saved_one(folder, bert):
    loaded = Teacher.load(folder)
    assert loaded.labels == tuple(LABELS.values())
    assert torch.equal(loaded.predict(TEXTS), bert.predict(TEXTS))


def test_nothing_is_drawn_unless_on_a_terminal(folder, capfd):
    Teacher.load(folder)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("damage", ["gone", "no_weights", "bad_weights", "bad_tokenizer"])
def test_a_folder_that_is_no_model_is_refused(folder, damage):
    if damage == "gone":
        folder = folder / "absent"
    elif damage == "no_weights":
        (folder / "model.safetensors").unlink()
    elif damage == "bad_weights":
        (folder / "model.safetensors").write_bytes(b"\x20\0\0\0\0\0\0\0 not a header")
    else:
        (folder / "tokenizer.json").write_text('{"model": 1}')
    with pytest.raises(InputError, match=f"cannot load a sequence classifier from '{folder}'"):
        Teacher.load(folder)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("empty", "the folder has no config.json, so transformers did not save a model there"),
        ("no/such/thing", "there is no such folder"),
        ("file", "there is no such folder"),
    ],
)
def test_names_without_a_model_have_an_error_of_our_own(tmp_path, monkeypatch, name, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"from '{name}': {sentence}$"):
        Teacher.load(name)


def test_a_model_without_a_trained_head_is_refused(folder):
    model, _ = build("bert")
    BertModel(model.config).save_pretrained(folder)
    with pytest.raises(InputError, match=r"has no trained classifier.bias, classifier.weight"):
        Teacher.load(folder)


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


def test_tokens_past_the_embeddings_are_refused(folder):
    model, tokenizer = build("bert")
    tokenizer.add_tokens(["soars"])
    tokenizer.save_pretrained(folder)
    last = len(tokenizer) - 1
    with pytest.raises(
        InputError, match=rf"up to {last} \('soars'\), and the model has .* {last}:"
    ):
        Teacher.load(folder)
    model.resize_token_embeddings(len(tokenizer) + 5)  # more embeddings than tokens are usual
    model.save_pretrained(folder)
    assert Teacher.load(folder).predict(["profit soars"]).isfinite().all()


def test_layers_that_the_config_does_not_count_are_refused(folder):
    change_config(folder, num_hidden_layers=1)
    with pytest.raises(InputError, match=r"hold layers .* such as bert.encoder.layer.1"):
        Teacher.load(folder)


def test_weights_of_another_shape_are_refused(folder):
    change_config(folder, id2label={"0": "a", "1": "b"}, label2id={"a": 0, "b": 1})
    message = r"classifier.bias has shape \[3\], expected \[2\]"
    with pytest.raises(InputError, match=message):
        Teacher.load(folder)


@pytest.mark.parametrize("command", ["attribute", "distill", "finetune"])
@pytest.mark.parametrize("damage", ["no tokenizer", "other shape", "more layers"])
def test_a_command_says_what_is_wrong_in_one_sentence(folder, capfd, command, damage):
    if damage == "no tokenizer":
        for file in folder.glob("tokenizer*"):
            file.unlink()
    elif damage == "other shape":
        change_config(folder, intermediate_size=16)
    else:
        change_config(folder, num_hidden_layers=1)
    data = folder / "data.csv"
    data.write_text("text,label\n" + "jump,bullish\nfall,bearish\nhold,neutral\n" * 4)
    arguments = {
        "attribute": ["--teacher", str(folder), "--data", str(data)],
        "distill": ["--teacher", str(folder), "--train", str(data), "--holdout", "0.5"],
        "finetune": ["--base", str(folder), "--train", str(data), "--holdout", "0.5"],
    }[command]
    assert main([command, *arguments, "--out", str(folder / "out")]) == 2
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
        ({"problem_type": "multi_label_classification"}, "problem_type is multi_label_class"),
        ({"problem_type": "regression"}, "problem_type is regression"),
        ({"id2label": {0: "toxic"}}, "head has 1 output"),
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


@pytest.mark.parametrize("own", [-1, 10**6])
def test_a_models_padding_token_that_does_not_exist_is_none(own):
    model, tokenizer = build("qwen2")
    model.config.pad_token_id = own
    assert Teacher(model, tokenizer).tokenizer.pad_token == END_OF_TEXT


def test_loading_draws_no_random_numbers(folder):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    Teacher.load(folder).layer("embeddings")
    assert torch.equal(torch.get_rng_state(), before)


def test_a_slow_tokenizer_is_refused():
    class SlowTokenizer:
        is_fast = False

    with pytest.raises(InputError, match="SlowTokenizer is not a fast tokenizer"):
        Teacher(build("bert")[0], SlowTokenizer())


def test_a_decoder_pads_with_its_end_token(any_teacher):
    tokenizer = any_teacher.tokenizer
    assert tokenizer.pad_token_id is not None
    assert any_teacher.model.config.pad_token_id == tokenizer.pad_token_id
    assert tiny_teacher("qwen2").tokenizer.pad_token == END_OF_TEXT


def test_the_models_own_padding_token_comes_before_the_end_token():
    model, tokenizer = build("qwen2")
    model.config.pad_token_id = tokenizer.convert_tokens_to_ids("<pad>")
    assert Teacher(model, tokenizer).tokenizer.pad_token == "<pad>"


def test_a_tokenizer_with_nothing_to_pad_with_is_refused():
    model, tokenizer = build("qwen2")
    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer)
    with pytest.raises(InputError, match="neither a padding nor an end token"):
        Teacher(model, bare)


@pytest.mark.parametrize("kind", BUILDERS)
def test_texts_are_cut_at_what_the_model_can_number(kind):
    teacher = tiny_teacher(kind)
    assert teacher.max_length == NUM_POSITIONS
    batch = teacher.encode(["up " * 200, "up"])
    assert batch.input_ids.shape == (2, NUM_POSITIONS)
    assert teacher.predict(["up " * 200]).isfinite().all()


def test_max_length_cuts_earlier(bert):
    teacher = Teacher(bert.model, bert.tokenizer, max_length=5)
    assert teacher.encode(TEXTS).input_ids.shape[1] == 5


def test_padding_is_marked_and_has_no_offsets(any_teacher):
    batch = any_teacher.encode(["up", TEXTS[2], ""])
    lengths = batch.attention_mask.sum(dim=1).tolist()
    assert lengths == any_teacher.num_tokens(["up", TEXTS[2], ""])
    assert [len(offsets) for offsets in batch.offsets] == lengths
    for row, length in enumerate(lengths):
        assert batch.attention_mask[row, :length].all()
        assert batch.special_mask[row, length:].all()
        assert (batch.input_ids[row, length:] == any_teacher.tokenizer.pad_token_id).all()
    assert not batch.special_mask[1].all()


def test_no_texts_have_no_tokens(bert):
    assert bert.num_tokens([]) == []


def test_batch_and_padding_do_not_change_the_logits(any_teacher):
    texts = ["", *TEXTS, "a \ud800 b"]
    one_by_one = torch.cat([any_teacher.predict([text]) for text in texts])
    told: list[int] = []
    together = any_teacher.predict(texts, batch_size=4, on_batch=told.append)
    torch.testing.assert_close(together, one_by_one)
    assert sum(told) == len(texts)
    assert max(told) == 4
    assert len(one_by_one.unique(dim=0)) == len(texts)


def test_a_lone_surrogate_is_read_as_the_replacement_character(any_teacher):
    mine, theirs = (any_teacher.encode([f"up {char}{char} now"]) for char in "\udc80\ufffd")
    assert torch.equal(mine.input_ids, theirs.input_ids)
    assert mine.offsets == theirs.offsets


def test_the_embedding_module_is_found(any_teacher):
    if "Qwen2" in type(any_teacher.model).__name__:
        assert any_teacher.embeddings is any_teacher.word_embeddings
    else:
        assert any_teacher.embeddings is any_teacher.model.base_model.embeddings
    assert isinstance(any_teacher.word_embeddings, torch.nn.Embedding)


def test_the_fingerprint_does_not_depend_on_what_was_read_before(folder):
    fresh, used = Teacher.load(folder), Teacher.load(folder)
    used.predict(TEXTS)
    assert fresh.fingerprint == used.fingerprint


def test_the_fingerprint_tells_teachers_apart(folder):
    def changed(change: str) -> str:
        model, tokenizer = build("bert")
        limit = 64
        if change == "weight":
            model.classifier.bias.data[0] += 1e-6
        elif change == "labels":
            model.config.id2label = {0: "a", 1: "b", 2: "c"}
        elif change == "tokenizer":
            tokenizer.backend_tokenizer.normalizer = None
        elif change == "limit":
            limit = 63
        elif change == "heads":
            model.config.num_attention_heads = 4
        elif change == "activation":
            model.config.hidden_act = "relu"
        return Teacher(model, tokenizer, limit).fingerprint

    changes = ["none", "weight", "labels", "tokenizer", "limit", "heads", "activation"]
    assert len({changed(change) for change in changes}) == len(changes)
    assert changed("none") == changed("none")


def test_the_fingerprint_is_that_of_the_answers_and_not_of_the_file(folder, monkeypatch):
    """Saving, moving, loading and another version of transformers keep the fingerprint."""
    expected = Teacher(*build("bert")).fingerprint
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]
    (folder / "config.json").write_text(json.dumps({**config, "transformers_version": "0.1"}))
    monkeypatch.chdir(folder.parent)
    assert Teacher.load(folder.name).fingerprint == Teacher.load(folder).fingerprint == expected


def test_hooks_are_gone_after_an_error(bert):
    def fail(context) -> None:
        with context:
            raise RuntimeError

    before = bert.predict(TEXTS[:1])
    for context in (
        changed_output(bert.embeddings, torch.zeros_like),
        captured_output(bert.embeddings),
    ):
        with pytest.raises(RuntimeError):
            fail(context)
    assert not bert.embeddings._forward_hooks
    assert torch.equal(bert.predict(TEXTS[:1]), before)
