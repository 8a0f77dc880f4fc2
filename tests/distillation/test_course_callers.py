"""Commands, Python, the study, the estimator and the demo call one course."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.reproduce import study_students as students
from small_course import TRAIN, VALID
from tiny_teachers import build
from transformers import PreTrainedModel

import dixtill
from dixtill.cli import main
from dixtill.distillation import config as config_module
from dixtill.distillation.student.trainer import threads
from dixtill.distillation.teacher import precision
from dixtill.errors import InputError
from dixtill.sklearn import DixtillClassifier


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a teacher and texts in files."""
    for part in build("bert"):
        part.save_pretrained(tmp_path / "teacher")
    for name, corpus in (("train.csv", TRAIN), ("valid.csv", VALID), ("test.csv", VALID.take([0]))):
        with open(tmp_path / name, "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("text", "label"))
            rows.writerows(
                (text, corpus.label_names[label])
                for text, label in zip(corpus.texts, corpus.labels, strict=True)
            )
    monkeypatch.chdir(tmp_path)
    return tmp_path


QUIET = {"progress": False, "report": False}
FEW = {"cell": "gru", "epochs": 2, "embedding_dim": 6, "hidden_dim": 5, "perturbed": 1, "steps": 2}


def as_arguments(settings: dict[str, object]) -> list[str]:
    pairs = ((f"--{name.replace('_', '-')}", str(value)) for name, value in settings.items())
    return [part for pair in pairs for part in pair]


@pytest.mark.usefixtures("folder")
def test_the_command_line_python_and_the_study_write_the_same_bytes():
    few = as_arguments(FEW)
    paths = ["--teacher", "teacher", "--train", "train.csv", "--exclude", "test.csv"]
    assert main(["distill", *paths, *few, "--out", "command.safetensors", "--threads", "1"]) == 0
    dixtill.distill(
        "teacher", "train.csv", out="python.safetensors", exclude="test.csv", **FEW, **QUIET
    )
    recipe = students.Recipe(
        Path("teacher"), Path("train.csv"), Path("test.csv"), Path("kept"), tuple(few), 0, 1
    )
    students.train(recipe, Path("study.safetensors"))
    command = Path("command.safetensors").read_bytes()
    assert Path("python.safetensors").read_bytes() == command
    assert Path("study.safetensors").read_bytes() == command
    shards = [sorted(Path(name).glob("*.parquet")) for name in
              ("command.safetensors.run/attributions", "kept")]  # fmt: skip
    assert [shard.name for shard in shards[0]] == [shard.name for shard in shards[1]]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*shards, strict=True))


@pytest.mark.usefixtures("folder")
def test_the_estimator_is_the_same_course_and_shares_its_attributions(monkeypatch):
    settings = {**FEW, "batch_size": 8, "attributions": "kept"}
    steps = settings.pop("steps")
    monkeypatch.setattr(config_module.AttributionSettings, "__init__", with_steps(steps))
    classifier = DixtillClassifier("teacher", random_state=3, **settings, validation_fraction=0.0)
    labels = [TRAIN.label_names[label] for label in TRAIN.labels]
    classifier.fit(list(TRAIN.texts), labels).save("estimator.safetensors")
    seed = classifier.student_.model.settings.provenance["config"]["seed"]
    kept = {path: path.stat().st_mtime_ns for path in Path("kept").iterdir()}
    result = dixtill.distill(
        "teacher", (TRAIN.texts, labels), (TRAIN.texts, labels), out="python.safetensors",
        seed=seed, calibrate=False, **settings, **QUIET,
    )  # fmt: skip
    assert result.path.read_bytes() == Path("estimator.safetensors").read_bytes()
    assert {path: path.stat().st_mtime_ns for path in Path("kept").iterdir()} == kept
    assert len(kept) >= 2


def with_steps(steps: int):
    """Settings of attributions with few steps, which the estimator cannot be told."""
    made = config_module.AttributionSettings.__init__

    def init(self, **given) -> None:
        made(self, **{"steps": steps, **given})

    return init


@pytest.mark.slow
def test_the_demo_is_the_same_course(tmp_path, capsys):
    assert main(["demo", "--quick", "--out", str(tmp_path / "demo")]) == 0
    demo = tmp_path / "demo"
    with threads(1):
        result = dixtill.distill(
            demo / "teacher", demo / "train.csv", demo / "valid.csv",
            out=tmp_path / "s.safetensors", method="dixtill", batch_size=16, perturbed=0, epochs=1,
            attributions=demo / "attributions", **QUIET,
        )  # fmt: skip
    assert result.path.read_bytes() == (demo / "dixtill.safetensors").read_bytes()


@pytest.mark.usefixtures("folder")
def test_texts_come_as_paths_pairs_or_corpora(bert):
    names = [TRAIN.label_names[label] for label in TRAIN.labels]
    valid = (list(VALID.texts), np.array(VALID.labels))
    files = {
        name: dixtill.distill("teacher", train, given, out=f"{name}.safetensors", **FEW, **QUIET)
        for name, train, given in (
            ("paths", "train.csv", Path("valid.csv")),
            ("pairs", (TRAIN.texts, names), valid),
            ("corpora", TRAIN, VALID),
            ("mixed", TRAIN, "valid.csv"),
        )
    }
    assert len({result.path.read_bytes() for result in files.values()}) == 1
    for wrong, sentence in (
        ((["a", "b"], ["bullish"]), "2 texts came with 1 labels"),
        ((["a", None], ["bullish", "bearish"]), "text 1 is of type NoneType"),
        ((["a", "b"], ["bullish", None]), "label 1 is empty"),
        ((["a", "b"], ["bullish", "sideways"]), "sideways"),
        (["a", "b"], "of type list, expected a path"),
    ):
        with pytest.raises(InputError, match=sentence):
            dixtill.distill(bert, wrong, VALID, out="wrong.safetensors", **QUIET)


@pytest.mark.usefixtures("folder")
def test_the_result_has_the_student_its_scores_and_the_paths(capsys):
    result = dixtill.distill(
        "teacher", "train.csv", "valid.csv", out="s.safetensors", method="none", epochs=2
    )
    assert capsys.readouterr() == ("", "")  # standard error is not a terminal
    assert result.student("a text") == dixtill.load("s.safetensors")("a text")
    assert (result.path, result.run_folder) == (Path("s.safetensors"), Path("s.safetensors.run"))
    assert result.report == result.run_folder / "report.html"
    assert result.report.is_file()
    assert [metrics.epoch for metrics in result.history] == [1, 2]
    provenance = result.student.model.settings.provenance
    assert provenance["teacher_name"] == "teacher"
    assert provenance["int8_scores"] == asdict(result.scores)
    assert provenance["valid_scores"] == asdict(result.float_scores)
    assert provenance["attributions"] is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"epoch": 3}, r"unknown setting 'epoch'; did you mean 'epochs'\?$"),
        ({"zzz": 3}, "unknown setting 'zzz'; expected method, .*layer.*holdout"),
        ({"qqq": 3, "www": 3, "xxx": 3, "yyy": 3, "zzz": 3}, "unknown setting 'qqq'"),
        ({"epochs": 0}, "epochs is 0, which is out of range"),
        ({"layer": "last"}, "unknown layer 'last', expected one of embeddings, word_embeddings"),
        ({"holdout": 1}, "holdout is 1, which is out of range"),
        ({"embedding_bits": 5}, "embedding_bits is 5, expected 4 or 8"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_any_work(tmp_path, settings, sentence):
    with pytest.raises(InputError, match=sentence):
        dixtill.distill("no/teacher", "no.csv", out=tmp_path / "new" / "s.safetensors", **settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("caller", ["command", "python", "estimator"])
def test_device_and_precision_are_chosen_alike_by_all(monkeypatch, caller):
    """With a GPU, the teacher moves there before the precision for its device is chosen."""
    moved, asked = [], []
    to = torch.nn.Module.to

    def recorded(model, *where):
        if where == ("cuda",):
            moved.append(model)
            return model
        return to(model, *where)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.nn.Module, "to", recorded)
    monkeypatch.setattr(PreTrainedModel, "to", recorded)
    monkeypatch.setattr(
        precision, "quickest_precision", lambda device: asked.append(len(moved)) or "bfloat16"
    )
    out, few = "s.safetensors", {"epochs": 1, "perturbed": 0}
    labels = [TRAIN.label_names[label] for label in TRAIN.labels]
    if caller == "command":
        paths = ["--teacher", "teacher", "--train", "train.csv", "--out", out]
        assert main(["distill", *paths, *as_arguments(few)]) == 0
    elif caller == "python":
        dixtill.distill("teacher", "train.csv", out=out, **few, **QUIET)
    else:
        DixtillClassifier("teacher", **few).fit(list(TRAIN.texts), labels).save(out)
    assert len(moved) == 1
    assert asked
    assert set(asked) == {1}
    assert dixtill.load(out).model.settings.provenance["attributions"]["precision"] == "bfloat16"
