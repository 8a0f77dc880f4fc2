"""The course: one for all who call it, what texts without labels may change, and resuming."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.reproduce import study_students as students
from tiny_teachers import LABELS, TEXTS, build
from torch import Tensor
from transformers import PreTrainedModel
from watchers import EachEpoch

import dixtill
from dixtill.claim import held
from dixtill.cli import main
from dixtill.distillation import config as config_module
from dixtill.distillation import course as course_module
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.course import distill
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.data.perturbation import perturbed_texts
from dixtill.distillation.distilled import Distilled
from dixtill.distillation.student.examples import Examples
from dixtill.distillation.student.trainer import StudentTrainer, threads
from dixtill.distillation.teacher import precision
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.sklearn import DixtillClassifier
from dixtill.specification.cleaning import clean
from dixtill.specification.weights import NO_NULL_SCORE

TRAIN = Corpus(
    tuple(f"{text} {ending}" for ending in ("today", "again", "now") for text in TEXTS),
    tuple(row % 3 for row in range(3 * len(TEXTS))),
    tuple(LABELS.values()),
)
VALID = Corpus(TEXTS, tuple(row % 3 for row in range(len(TEXTS))), TRAIN.label_names)
UNLABELED = ("Profit https://t.co/x grows", "banks fall")
SIZES = {"embedding_dim": 6, "hidden_dim": 5, "attention_dim": 4, "batch_size": 8, "epochs": 3}


STEPS = {"steps": 2}  # a quick rule, where attributions are made


def run(teacher, folder: Path, method: str, **settings) -> Distilled:
    """Distill of TRAIN and VALID, or others, quietly and without a report."""
    train, valid = settings.pop("train", TRAIN), settings.pop("valid", VALID)
    settings = {**SIZES, **STEPS, "report": False, "progress": False, **settings}
    out = folder.with_name(f"{folder.name}.safetensors")
    return distill(teacher, train, valid, out=out, run_folder=folder, method=method, **settings)


@pytest.fixture
def trained_on(monkeypatch: pytest.MonkeyPatch) -> list[Examples]:
    """The examples that each trainer was given."""
    seen: list[Examples] = []

    class Recorded(StudentTrainer):
        def __init__(self, student, config, train, *rest) -> None:
            seen.append(train)
            super().__init__(student, config, train, *rest)

    monkeypatch.setattr(course_module, "StudentTrainer", Recorded)
    return seen


def weights(distilled: Distilled) -> bytes:
    tensors = distilled.float_student.state_dict().values()
    return b"".join(tensor.numpy().tobytes() for tensor in tensors)


class Contrary:
    """A teacher that answers the texts without labels the other way round."""

    def __init__(self, teacher) -> None:
        self._teacher = teacher
        self.fingerprint = "contrary"

    def __getattr__(self, name: str):
        return getattr(self._teacher, name)

    def predict(self, texts: Sequence[str], **settings) -> Tensor:
        logits = self._teacher.predict(texts, **settings)
        return logits if set(texts) <= set(TRAIN.texts) else -logits


def test_a_text_without_label_brings_the_teachers_answer_and_nothing_else(
    bert, tmp_path, trained_on
):
    distilled = run(bert, tmp_path / "run", "dixtill", perturbed=1, unlabeled=UNLABELED)
    (examples,) = trained_on
    made = perturbed_texts(TRAIN.texts, len(TRAIN), seed=0)
    asked = [*(clean(text) for text in UNLABELED), *made]
    assert "https" not in asked[0]
    assert len(examples) == 2 * len(TRAIN) + 2
    assert examples.labels[: len(TRAIN)].tolist() == list(TRAIN.labels)
    assert set(examples.labels[len(TRAIN) :].tolist()) == {-100}
    assert not any(values.any() for values in examples.attributions[len(TRAIN) :])
    expected = bert.predict(asked)
    torch.testing.assert_close(examples.teacher_logits[len(TRAIN) :], expected)
    assert distilled.model.settings.provenance["texts_without_labels"] == len(TRAIN) + 2


def test_only_the_teacher_carries_what_unlabeled_texts_change(bert, tmp_path):
    """Other answers, another student; without weight for answers, the same student."""

    def student(teacher, name: str, **changes) -> bytes:
        folder = tmp_path / f"{name} {changes}"
        return weights(run(teacher, folder, "kl", unlabeled=UNLABELED, **changes))

    contrary = Contrary(bert)
    assert student(bert, "bert") != student(contrary, "contrary")
    assert student(bert, "bert", alpha=0.0) == student(contrary, "contrary", alpha=0.0)


def test_without_a_teacher_unlabeled_texts_are_left_out(bert, tmp_path, trained_on):
    same = {"learning_rate": 2e-3, "dropout": 0.3}
    alone = run(bert, tmp_path / "alone", "none", **same)
    other = run(bert, tmp_path / "other", "none", **same, perturbed=2, unlabeled=UNLABELED)
    assert weights(alone) == weights(other)
    assert [len(examples) for examples in trained_on] == [len(TRAIN)] * 2
    assert other.model.settings.provenance["texts_without_labels"] == 0
    assert not (tmp_path / "other" / "answers").exists()


def test_perturbed_texts_and_answers_are_the_same_for_every_seed(bert, tmp_path, trained_on):
    kept = tmp_path / "kept"
    for seed in (0, 1):
        run(bert, tmp_path / str(seed), "kl", perturbed=2, seed=seed, attributions=kept)
    first, second = trained_on
    assert [text.piece_ids for text in first.texts] == [text.piece_ids for text in second.texts]
    assert len(list(kept.glob("answers-*.npy"))) == 1
    assert not (tmp_path / "0" / "answers").exists()


def test_a_run_folder_is_one_processs(bert, tmp_path):
    folder = tmp_path / "run"
    with held(folder), pytest.raises(InputError, match="another process works in"):
        run(bert, folder, "kl", perturbed=0)
    assert list(folder.iterdir()) == []
    run(bert, folder, "kl", perturbed=0)


def test_attributions_are_made_once_the_run_folder_is_claimed(bert, tmp_path, monkeypatch):
    explain, claims, folder = AttributionStore.run, [], tmp_path / "run"

    def recorded(store, *arguments):
        claims.append(json.loads((folder / "config.json").read_bytes())["attributions"]["steps"])
        return explain(store, *arguments)

    monkeypatch.setattr(AttributionStore, "run", recorded)
    run(bert, folder, "dixtill", perturbed=0)
    assert claims == [STEPS["steps"]]
    with pytest.raises(InputError, match="with another seed"):
        run(bert, folder, "dixtill", perturbed=0, seed=7)
    assert len(claims) == 1


class Stopped(Exception):
    """As if the machine had gone down."""


def test_a_stopped_course_resumes_to_the_same_file(bert, tmp_path):
    def course(name: str, watcher: EachEpoch | None = None) -> Distilled:
        more = {"perturbed": 2, "unlabeled": UNLABELED, "watcher": watcher}
        return run(bert, tmp_path / name, "dixtill", **more)

    def stop(metrics) -> None:
        if metrics.epoch == 2:
            raise Stopped

    whole = course("whole")
    with pytest.raises(Stopped):
        course("stopped", EachEpoch(stop))
    torch.rand(5)  # whoever else draws in between
    watcher = EachEpoch()
    resumed = course("stopped", watcher)
    assert [metrics.epoch for metrics in watcher.epochs] == [3]
    assert resumed.history == (*watcher.history, *watcher.epochs)
    assert weights(resumed) == weights(whole)
    assert resumed.path.read_bytes() == whole.path.read_bytes()
    logs = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "stopped")]
    assert logs[0] == logs[1]


def other_bert() -> Teacher:
    """Another head, the same pieces: nothing but its answers tells it from the tiny BERT."""
    model, tokenizer = build("bert")
    model.classifier.weight.data *= -1
    return Teacher(model, tokenizer)


@pytest.mark.parametrize(
    ("differs", "changes"),
    [
        ("teacher", {"teacher": other_bert}),
        ("attributions", {"steps": 3}),
        ("training_texts", {"train": replace(TRAIN, label_names=("x", "y", "z"))}),
        ("training_texts", {"train": replace(TRAIN, labels=TRAIN.labels[1:] + TRAIN.labels[:1])}),
        ("validation_texts", {"valid": replace(VALID, texts=(*VALID.texts[:-1], "more"))}),
        ("texts_without_labels", {"unlabeled": UNLABELED[:1]}),
        ("attributions, precision_of_answers", {"precision": "bfloat16"}),
        ("seed, dropout", {"seed": 1, "dropout": 0.5}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_run_of_anything_else_is_refused(bert, tmp_path, differs, changes):
    """Or a finished run would come back under the name of what it was not trained with."""
    given = {"unlabeled": UNLABELED, "perturbed": 1, "epochs": 1}
    first = run(bert, tmp_path / "run", "dixtill", **given)
    teacher = changes.get("teacher", lambda: bert)()
    changed = {name: value for name, value in changes.items() if name != "teacher"}
    with pytest.raises(InputError, match=f"holds a run with another {differs}; choose another run"):
        run(teacher, tmp_path / "run", "dixtill", **given | changed)
    again = run(bert, tmp_path / "run", "dixtill", **given, embedding_bits=8)
    of_bits = {"int8_scores": None}
    assert again.model.settings.provenance | of_bits == first.model.settings.provenance | of_bits


@pytest.mark.parametrize("has_null_score", [True, False])
def test_a_students_null_score_is_learned_where_the_config_says_so(bert, tmp_path, has_null_score):
    distilled = run(bert, tmp_path / "run", "kl", null_score=has_null_score)
    (null_score,) = distilled.model.weights.null_score
    assert null_score != 0
    assert (null_score == np.float32(NO_NULL_SCORE)) != has_null_score


@pytest.mark.parametrize("method", ["dixtill", "dixtill-paper", "kl"])
def test_a_method_that_asks_a_teacher_needs_one(tmp_path, method):
    with pytest.raises(InputError, match=f"the method {method} needs a teacher"):
        run(None, tmp_path / "run", method)


def test_attributions_of_one_class_are_refused_where_all_are_learned(bert, tmp_path):
    with pytest.raises(InputError, match="'all' needs attributions of every class"):
        run(bert, tmp_path / "run", "dixtill", classes="predicted")
    assert not (tmp_path / "run").exists()
    student = run(bert, tmp_path / "run", "dixtill-paper", classes="predicted")
    assert student.model.settings.explanation == "scores"


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
FEW = {"epochs": 2, "embedding_dim": 6, "hidden_dim": 5, "perturbed": 1, "steps": 2}


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
    assert capsys.readouterr() == ("", "")  # standard error is no terminal
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
        ({"epoch": 3}, "unknown setting 'epoch'; did you mean 'epochs'.*method.*layer.*holdout"),
        ({"zzz": 3}, "unknown setting 'zzz'.*method.*layer.*holdout"),
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
