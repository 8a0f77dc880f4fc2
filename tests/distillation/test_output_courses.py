"""Courses that make students of several labels and of numbers, from the teacher to the file."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tiny_teachers
import torch
from small_course import SIZES, STEPS, TRAIN, VALID, run
from transformers import AutoModelForSequenceClassification

import dixtill
from dixtill.cli import main
from dixtill.distillation.course import distill
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.measures.interval import conformal_half_width
from dixtill.distillation.measures.scores import number_scores, set_scores
from dixtill.distillation.student.float_student import float_student
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

pytestmark = pytest.mark.slow

LABELS = ("bank", "earnings", "rising")
WORDS = (("bank",), ("earnings", "profit"), ("jump", "up", "grow"))


def several(corpus: Corpus) -> Corpus:
    sets = tuple(
        tuple(k for k, words in enumerate(WORDS) if any(word in text.lower() for word in words))
        for text in corpus.texts
    )
    return Corpus(corpus.texts, sets, LABELS, "sigmoid")


def lengths(corpus: Corpus) -> Corpus:
    return Corpus(corpus.texts, tuple(map(float, map(len, corpus.texts))), ("length",), "number")


CORPORA = {
    "sigmoid": (several(TRAIN), several(VALID)),
    "number": (lengths(TRAIN), lengths(VALID)),
}


def save_teacher(output: str, folder: Path) -> Path:
    model, tokenizer = tiny_teachers.build("bert")
    config = model.config
    config.problem_type = "multi_label_classification" if output == "sigmoid" else "regression"
    config.id2label = dict(enumerate(LABELS if output == "sigmoid" else ("LABEL_0",)))
    torch.manual_seed(1)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["sigmoid", "number"])
def made(request, tmp_path_factory):
    """The output, the folder of the teacher, and what a course makes of it."""
    folder = tmp_path_factory.mktemp(request.param)
    teacher = save_teacher(request.param, folder / "teacher")
    train, valid = CORPORA[request.param]
    settings = {"train": train, "valid": valid, "perturbed": 20, "report": True}
    return request.param, teacher, run(str(teacher), folder / "run", "dixtill", **settings)


def test_the_file_answers_like_the_float_student_in_the_unit_of_its_labels(made):
    output, _, result = made
    student = dixtill.load(result.path)
    assert student.output == output
    again = float_student(result.run_folder, result.model)
    for name, tensor in result.float_student.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])
    _, valid = CORPORA[output]
    answers = student(list(valid.texts))
    if output == "number":
        found = np.array([[answer.value] for answer in answers])
        scores = number_scores(valid.targets, found)
        assert np.abs(found - np.mean(CORPORA[output][0].labels)).max() < 60
        assert result.scores.mean_absolute_error == pytest.approx(
            result.float_scores.mean_absolute_error, rel=0.05
        )
    else:
        found = np.array([list(answer.probabilities.values()) for answer in answers])
        scores = set_scores(valid.targets, found, student.model.settings.thresholds)
        for answer, row in zip(answers, found, strict=True):
            given = {label for label, p, t in zip(
                LABELS, row, student.model.settings.thresholds, strict=True
            ) if p >= t}  # fmt: skip
            assert {*answer.labels} == given
    assert scores == result.scores


def test_the_file_says_how_it_was_calibrated_and_decides(made):
    output, _, result = made
    settings = dixtill.load(result.path).model.settings
    if output == "number":
        train, valid = CORPORA[output]
        assert settings.labels == ("length",)
        expected = {"mean": np.mean(train.labels), "unit": np.std(train.labels)}
        assert settings.provenance["scale"] == pytest.approx(expected)
        # Eight texts are too few for an interval.
        assert settings.interval is conformal_half_width(valid.targets, valid.targets) is None
    else:
        assert len(settings.provenance["temperature"]) == len(settings.thresholds) == 3
        assert all(0 < threshold < 1 for threshold in settings.thresholds)


def test_the_report_shows_what_the_kind_of_answers_has(made):
    output, _, result = made
    assert result.report_error is None
    page = result.report.read_text(encoding="utf-8")
    titles = {
        "sigmoid": ("micro-F1", "macro-F1", "threshold", "Most labels wrong", "calibration error"),
        "number": ("mean absolute error", "Pearson", "mean answer", "Farthest", "Smallest"),
    }
    for title in titles[output]:
        assert title in page
    for title in {*titles["sigmoid"], *titles["number"]} - {*titles[output]}:
        assert title not in page


def write(path: Path, corpus: Corpus) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label", "weight"))
        for row, (text, labels) in enumerate(zip(corpus.texts, corpus.labels, strict=True)):
            if corpus.output == "sigmoid":
                labels = "|".join(LABELS[label] for label in labels)
            rows.writerow((text, labels, 1 + row % 2))
    return str(path)


def test_the_commands_train_and_measure(made, tmp_path, capsys):
    output, teacher, _ = made
    paths = tmp_path / "train.csv", tmp_path / "valid.csv"
    train, valid = map(write, paths, CORPORA[output])
    joined = ["--label-separator", "|"] if output == "sigmoid" else []
    code = main(
        ["distill", "--teacher", str(teacher), "--train", train, "--valid", valid, *joined,
         "--out", str(tmp_path / "s.safetensors"), "--epochs", "1", "--perturbed", "5",
         "--steps", "2", "--weight-column", "weight", "--no-report"]
    )  # fmt: skip
    printed = capsys.readouterr()
    assert code == 0, printed.err
    name = "micro-F1" if output == "sigmoid" else "mean absolute error"
    assert re.search(rf"int8  {name} ", printed.out)
    evaluate = ["evaluate", "--model", str(tmp_path / "s.safetensors"), "--data", valid, *joined]
    assert main(evaluate) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"8 texts  {name} ")
    assert len(lines) == (4 if output == "sigmoid" else 1)
    assert main([*evaluate, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    if output == "sigmoid":
        assert [label["label"] for label in found["labels"]] == list(LABELS)
    else:
        assert found.keys() == {"rows", "mean_absolute_error", "pearson"}
    assert main([*evaluate, "--target-precision", "0.9"]) == 2
    assert "measures a student that gives one label" in capsys.readouterr().err


def test_thresholds_can_be_chosen_for_a_precision(tmp_path):
    train, valid = CORPORA["sigmoid"]
    result = run(None, tmp_path / "run", "none", train=train, valid=valid, label_precision=1.0)
    for answer, target in zip(result.student(list(valid.texts)), valid.targets, strict=True):
        assert {*answer.labels} <= {LABELS[k] for k in np.flatnonzero(target)}


@pytest.mark.parametrize(
    ("corpora", "kind"), [((TRAIN, VALID), "one label"), (CORPORA["number"], "a number")]
)
def test_a_precision_of_labels_is_refused_where_there_are_not_several(corpora, kind, tmp_path):
    train, valid = corpora
    with pytest.raises(InputError, match=f"label_precision is for .* but these have {kind} each"):
        run(None, tmp_path / "run", "none", train=train, valid=valid, label_precision=0.9)


def test_a_teacher_and_its_texts_must_be_of_one_kind(made, tmp_path):
    output, teacher, _ = made
    message = f"the teacher is for the output {output}, the texts for softmax"
    with pytest.raises(InputError, match=message):
        distill(str(teacher), TRAIN, VALID, out=tmp_path / "s.safetensors", progress=False)


def test_numbers_take_the_name_of_their_column(tmp_path):
    teacher = Teacher.load(save_teacher("number", tmp_path / "teacher"))
    (tmp_path / "t.csv").write_text(
        "text,stars\n" + "".join(f"{text},{len(text)}\n" for text in TRAIN.texts if "," not in text)
    )
    result = distill(
        teacher, tmp_path / "t.csv", label_column="stars", out=tmp_path / "s.safetensors",
        progress=False, report=False, perturbed=0, **SIZES | STEPS,
    )  # fmt: skip
    assert result.student.labels == ("stars",)
