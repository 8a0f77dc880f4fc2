"""What a teacher's folder may hold: pickled weights, old tokenizers, code, and labels to rename."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
from small_course import SIZES
from tiny_teachers import LABELS, TEXTS, build
from transformers import ByT5Tokenizer, dynamic_module_utils

import dixtill
from dixtill.cli import main
from dixtill.distillation.course import distill
from dixtill.distillation.fine_tuning.finetune import load_base
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.sklearn import DixtillClassifier

DATA = "text,label\n" + "jump,up\nfall,down\nhold,flat\nprofit,up\nbank,down\nno,flat\n" * 2
NAMES = ("down", "up", "flat")
QUICK = {**SIZES, "epochs": 1, "max_explained": 0, "perturbed": 0, "report": False}


class Code:
    """What runs a function when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("form", ["among tensors", "bare"])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_code_in_pickled_weights_is_not_run(bert_folder, tmp_path, form):
    mark, path = tmp_path / "ran", bert_folder / "pytorch_model.bin"
    (bert_folder / "model.safetensors").unlink()
    if form == "bare":
        path.write_bytes(pickle.dumps(Code(mark)))
    else:
        torch.save({**build("bert")[0].state_dict(), "code": Code(mark)}, path)
    with pytest.raises(InputError, match="a pickle that holds more than tensors, or is damaged"):
        Teacher.load(bert_folder)
    assert not mark.exists()


def test_a_missing_shard_is_named(bert_folder):
    (bert_folder / "model.safetensors").unlink()
    build("bert")[0].save_pretrained(bert_folder, max_shard_size="10KB")
    (bert_folder / "model-00002-of-00006.safetensors").unlink()
    with pytest.raises(InputError, match=r"model-00002-of-00006\.safetensors"):
        Teacher.load(bert_folder)


def test_a_word_list_becomes_a_fast_tokenizer(bert_folder, bert):
    model, tokenizer = build("bert")
    model.resize_token_embeddings(len(tokenizer) + 1)
    model.save_pretrained(bert_folder)
    for file in bert_folder.glob("tokenizer*"):
        file.unlink()
    pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    (bert_folder / "vocab.txt").write_text("\n".join([*pieces, "[MASK]"]))
    assert torch.equal(Teacher.load(bert_folder).predict(TEXTS), bert.predict(TEXTS))


def test_a_sentencepiece_model_becomes_a_fast_tokenizer(tmp_path):
    path = tmp_path / "sentencepiece.bpe.model"
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXTS * 4), model_writer=file, vocab_size=60,
            hard_vocab_limit=False, minloglevel=2,
        )  # fmt: skip
    model, _ = build("xlm_roberta")
    model.resize_token_embeddings(64)
    model.save_pretrained(tmp_path)
    teacher = Teacher.load(tmp_path)
    slow = sentencepiece.SentencePieceProcessor(model_file=str(path))
    for text in TEXTS[:3]:
        (encoded,) = teacher.tokens([text])
        found = teacher.tokenizer.convert_ids_to_tokens(encoded.input_ids)
        assert found == ["<s>", *slow.encode(text, out_type=str), "</s>"]
        assert {i for span in encoded.offsets for i in range(*span)} >= letters_of(text)


def test_a_sentencepiece_model_needs_its_library(tmp_path, monkeypatch):
    build("xlm_roberta")[0].save_pretrained(tmp_path)
    (tmp_path / "sentencepiece.bpe.model").write_bytes(b"any")
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(InputError, match="pip install sentencepiece protobuf"):
        Teacher.load(tmp_path)


def letters_of(text: str) -> set[int]:
    return {i for i, char in enumerate(text) if char != " "}


def test_a_tokenizer_that_has_no_fast_form_is_refused(bert_folder):
    for file in bert_folder.glob("tokenizer*"):
        file.unlink()
    ByT5Tokenizer().save_pretrained(bert_folder)
    with pytest.raises(
        InputError, match=r"ByT5Tokenizer is not a fast tokenizer.*: take a teacher"
    ):
        Teacher.load(bert_folder)


@pytest.fixture(scope="module")
def code_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where transformers copies code that comes with models, instead of the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("modules"))
        patch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", folder)
        patch.setattr(sys, "path", [*sys.path])
        yield
    for name in [name for name in sys.modules if name.startswith("transformers_modules")]:
        del sys.modules[name]


_CODE = """\
from pathlib import Path

from transformers import BertConfig, BertForSequenceClassification

Path({mark!r}).touch()


class OwnConfig(BertConfig):
    model_type = "own-bert"


class OwnForSequenceClassification(BertForSequenceClassification):
    config_class = OwnConfig

    def forward(self, *args, **kwargs):
        output = super().forward(*args, **kwargs)
        output.logits = output.logits.flip(1) * {factor}
        return output
"""


def with_code(folder: Path, factor: float = 1.0) -> Path:
    """Give the model in a folder code of its own, and return the file that this code makes."""
    mark = folder / "ran"
    (folder / "own_code.py").write_text(_CODE.format(mark=str(mark), factor=factor))
    auto = {
        "AutoConfig": "own_code.OwnConfig",
        "AutoModelForSequenceClassification": "own_code.OwnForSequenceClassification",
    }
    path = folder / "config.json"
    config = json.loads(path.read_text()) | {"model_type": "own-bert", "auto_map": auto}
    path.write_text(json.dumps(config))
    return mark


def test_code_that_comes_with_a_model_is_run_only_if_it_is_trusted(bert_folder, bert, code_cache):
    mark = with_code(bert_folder)
    sentence = (
        "needs code that came with it to be run; read that code and, .*trust_remote_code=True"
    )
    with pytest.raises(InputError, match=sentence):
        Teacher.load(bert_folder)
    with pytest.raises(InputError, match="to be run; take a base that transformers knows"):
        load_base(bert_folder, tuple(LABELS.values()), 0)
    assert not mark.exists()
    teacher = Teacher.load(bert_folder, trust_remote_code=True)
    assert mark.exists()
    assert torch.equal(teacher.predict(TEXTS), bert.predict(TEXTS).flip(1))


def test_the_fingerprint_tells_code_apart(bert_folder, code_cache):
    with_code(bert_folder)
    one, again = (Teacher.load(bert_folder, trust_remote_code=True).fingerprint for _ in range(2))
    with_code(bert_folder, factor=2.0)
    other = Teacher.load(bert_folder, trust_remote_code=True)
    assert one == again != other.fingerprint


@pytest.fixture
def work(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory outside the teacher's folder, with texts."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "train.csv").write_text(DATA)
    monkeypatch.chdir(folder)


COMMANDS = {
    "attribute": "attribute --data train.csv --steps 2 --out explained --labels down,up,flat",
    "distill": "distill --train train.csv --holdout 0.5 --max-explained 0 --perturbed 0 --epochs 1 "
    "--no-report --out s.safetensors --labels down,up,flat",
    "search": "search --train train.csv --holdout 0.5",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_trust_code_if_they_are_told_to(command, bert_folder, work, code_cache, capfd):
    mark = with_code(bert_folder)
    arguments = [*COMMANDS[command].split(), "--teacher", str(bert_folder)]
    assert main(arguments) == 2
    assert "--trust-remote-code" in capfd.readouterr().err
    assert not mark.exists()
    # The search is told other labels than those of the texts, so that it ends before its work.
    assert main([*arguments, "--trust-remote-code"]) == (2 if command == "search" else 0)
    assert mark.exists()


def test_a_cluster_does_not_have_the_code_of_a_teacher(bert_folder, work, capfd):
    arguments = [*COMMANDS["attribute"].split(), "--teacher", str(bert_folder), "--ray"]
    assert main([*arguments, "--trust-remote-code"]) == 2
    assert "do not have the teacher's code; explain without --ray" in capfd.readouterr().err


@pytest.mark.parametrize("settings", [{"labels": NAMES}, {"trust_remote_code": True}])
def test_settings_of_loading_are_refused_for_a_teacher_that_is_loaded(bert, settings, tmp_path):
    sentence = "labels and trust_remote_code are for a teacher that is loaded .* to Teacher.load"
    for teacher in (bert, None):
        with pytest.raises(InputError, match=sentence):
            distill(teacher, "train.csv", out=tmp_path / "s", progress=False, **settings)


@pytest.fixture
def unnamed(bert_folder: Path) -> Path:
    """A teacher whose classes were given no names."""
    model, _ = build("bert")
    model.config.id2label = {number: f"LABEL_{number}" for number in range(3)}
    model.config.save_pretrained(bert_folder)
    return bert_folder


def test_labels_are_renamed_in_the_order_of_the_outputs(unnamed, bert):
    teacher = Teacher.load(unnamed, labels=list(NAMES))
    assert teacher.labels == NAMES
    assert torch.equal(teacher.predict(TEXTS), bert.predict(TEXTS))
    assert teacher.fingerprint != Teacher.load(unnamed).fingerprint


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (("a", "b"), r"2 labels \(a, b\) for the 3 outputs of '.*' \(LABEL_0, LABEL_1, LABEL_2\)"),
        (("a", "b", "a"), "a label occurs twice, 'a'"),
        (("a", "", "b"), "label 1 is empty"),
        (("a", 5, "b"), "label 1 is 5, of type int"),
        ("abc", "labels is 'abc', expected a list of names"),
    ],
)
def test_labels_that_do_not_fit_are_refused(unnamed, labels, sentence):
    with pytest.raises(InputError, match=sentence):
        Teacher.load(unnamed, labels=labels)


def test_a_course_of_renamed_labels_finds_those_of_the_texts_by_name(unnamed, work):
    settings = {"out": "s.safetensors", "holdout": 0.5, "progress": False, **QUICK}
    sentence = r"not one of LABEL_0, LABEL_1, LABEL_2, .* has down, flat, up; .* rename"
    with pytest.raises(InputError, match=sentence):
        dixtill.distill(unnamed, "train.csv", **settings)
    found = dixtill.distill(unnamed, "train.csv", labels=NAMES, **settings)
    assert found.student.labels == NAMES


def test_commands_rename_labels_alike(unnamed, work):
    """The explanations of `dixtill attribute` are those that `dixtill distill` looks for."""
    teacher = ["--teacher", str(unnamed), "--labels", " down, up,flat", "--steps", "2"]
    assert main(["attribute", *teacher, "--data", "train.csv", "--out", "explained"]) == 0
    shards = sorted(Path("explained").rglob("*.parquet"))
    assert shards
    paths = "--train train.csv --valid train.csv --out s.safetensors --attributions explained"
    quick = "--epochs 1 --perturbed 0 --no-report"
    assert main(["distill", *teacher, *paths.split(), *quick.split()]) == 0
    assert dixtill.load("s.safetensors").labels == NAMES
    assert sorted(Path("explained").rglob("*.parquet")) == shards


def test_an_estimator_renames_labels(unnamed):
    texts, labels = ["jump", "fall", "hold"] * 3, ["up", "down", "flat"] * 3
    quick = {"epochs": 1, "perturbed": 0, "max_explained": 0, "labels": NAMES}
    estimator = DixtillClassifier(unnamed, **quick).fit(texts, labels)
    assert estimator.student_.labels == NAMES
    with pytest.raises(InputError, match="give a teacher too"):
        DixtillClassifier(**quick).fit(texts, labels)
