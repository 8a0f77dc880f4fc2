"""Which base models and labels can be fine-tuned, and how the others are refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import tiny_teachers
import torch
from safetensors.torch import load_file, save_file
from tiny_finetuning import CONFIG, LABELS, TRAIN, VALID, save_base
from transformers import AutoTokenizer, ByT5Tokenizer

from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.fine_tuning.finetune import finetune, load_base, score_teacher
from dixtill.distillation.teacher.head import output_of
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

pytestmark = pytest.mark.slow


def test_the_body_is_the_bases_and_the_head_is_new(bert_base):
    model, _ = load_base(bert_base, LABELS, seed=0)
    original, _ = tiny_teachers.build("bert")
    body = original.base_model.state_dict()
    assert all(torch.equal(body[k], v) for k, v in model.base_model.state_dict().items())
    assert model.classifier.out_features == 2


def test_a_classifier_of_the_same_labels_keeps_its_head_and_of_others_gets_a_new_one(tmp_path):
    model, tokenizer = tiny_teachers.build("bert")
    model.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    same = tuple(tiny_teachers.LABELS.values())
    head = model.classifier.weight
    assert torch.equal(load_base(tmp_path / "base", same, 0)[0].classifier.weight, head)
    turned = load_base(tmp_path / "base", same[::-1], 0)[0]
    assert not torch.equal(turned.classifier.weight, head)
    assert turned.config.id2label == dict(enumerate(same[::-1]))


def test_no_such_base_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot load a base model from") as raised:
        finetune(tmp_path / "absent", TRAIN, VALID, CONFIG, tmp_path / "out")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out.unfinished").exists()


def test_a_base_without_a_fast_tokenizer_is_refused(bert_base, tmp_path):
    for file in bert_base.glob("tokenizer*"):
        file.unlink()
    ByT5Tokenizer().save_pretrained(bert_base)
    assert not AutoTokenizer.from_pretrained(bert_base).is_fast
    with pytest.raises(InputError, match="ByT5Tokenizer is not a fast tokenizer"):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")


def test_labels_that_do_not_match_are_refused(tmp_path):
    other = Corpus(VALID.texts, VALID.labels, ("up", "down"))
    with pytest.raises(InputError, match="have the labels down, up, the validation texts up, down"):
        finetune("base", TRAIN, other, CONFIG, tmp_path / "out")
    one = Corpus(("a",), (0,), ("up",))
    with pytest.raises(InputError, match="only the label 'up'"):
        finetune("base", one, one, CONFIG, tmp_path / "out")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "b", "b"), "label occurs twice, 'b'"),
        (("a", ""), "label 1 is empty"),
        (("a", 5), "label 1 is 5, of type int"),
        ((None, "b"), "label 0 is None"),
    ],
)
def test_unusable_labels_are_refused_before_anything_is_loaded(names, message, tmp_path):
    train = Corpus(("a", "b"), (0, 1), names)
    with pytest.raises(InputError, match=message):
        finetune("no such base", train, train, CONFIG, tmp_path / "out")


@pytest.mark.parametrize("kind", ["qwen2", "bart", "xlnet", "fnet", "bert"])
def test_a_batch_of_empty_texts_is_trained_on(kind, tmp_path):
    base = save_base(kind, tmp_path / "base")
    empty = Corpus(("", " ", "https://t.co/a", "\ud800", "up </s>", "shares"), (0, 1) * 3, LABELS)
    config = replace(CONFIG, epochs=1, batch_size=2)
    scores = finetune(base, empty, empty, config, tmp_path / "out")
    assert scores == score_teacher(Teacher.load(tmp_path / "out"), empty)


def test_a_base_without_tokenizer_files_is_refused_before_the_run(bert_base, tmp_path):
    for file in bert_base.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(InputError, match=r"the base '.*' cannot be used: its tokenizer has 5"):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")
    assert not (tmp_path / "out.unfinished").exists()


def test_a_base_keeps_only_a_head_of_the_same_output(tmp_path):
    model, tokenizer = tiny_teachers.build("bert")
    model.config.problem_type = "multi_label_classification"
    model.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    labels = tuple(tiny_teachers.LABELS.values())
    for output, is_kept in (("sigmoid", True), ("softmax", False)):
        found, _ = load_base(tmp_path / "base", labels, 0, output)
        assert output_of(found.config) == output
        assert torch.equal(found.classifier.weight, model.classifier.weight) == is_kept


@pytest.mark.parametrize(
    ("num_layers", "message"),
    [
        (1, r"hold layers .* such as encoder.layer.1"),
        (3, r"lack layers .* such as encoder.layer.2"),
    ],
)
def test_a_base_of_more_or_fewer_layers_than_its_config_says_is_refused(
    num_layers, message, bert_base, tmp_path
):
    path = bert_base / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_hidden_layers": num_layers}))
    with pytest.raises(InputError, match=message):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")


def test_a_base_whose_weights_have_other_names_is_refused(bert_base, tmp_path):
    path = bert_base / "model.safetensors"
    save_file({f"other.{key}": value for key, value in load_file(path).items()}, path)
    with pytest.raises(InputError, match=r"lack layers .* such as encoder.layer.0"):
        finetune(bert_base, TRAIN, VALID, CONFIG, tmp_path / "out")
