"""A course refuses what it cannot use before it creates anything."""

from __future__ import annotations

import pytest
from small_course import TRAIN, VALID

import dixtill
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.sklearn import DixtillClassifier


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"teacher": 5}, "teacher is 5, expected a folder, a hub name, a Teacher or None"),
        ({"train": 5}, "labeled texts are of type int, expected a path"),
        ({"valid": 5}, "labeled texts are of type int, expected a path"),
        ({"out": None}, "out is None, expected the path of the student's file"),
        ({"watcher": print}, "watcher is <built-in function print>, expected a Watcher .* or None"),
        ({"progress": "no"}, "progress is 'no', expected True or False"),
        ({"unlabeled": 5}, "unlabeled is 5, expected a str, a path, a list of str or None"),
        ({"exclude": 5}, "exclude is 5, expected a str, a path, a list of str or None"),
        ({"run_folder": 5}, "run_folder is 5, expected a str, a path or None"),
        ({"attributions": 5}, "attributions is 5, expected a str, a path or None"),
        ({"text_column": None}, "text_column is None, expected a str"),
        ({"label_column": 5}, "label_column is 5, expected a str"),
        ({"input_format": 5}, "input_format is 5, expected a str or None"),
        ({"delimiter": 5}, "delimiter is 5, expected a str or None"),
        ({"method": None}, "unknown method 'None', expected one of dixtill"),
        ({"cleaning": 5}, "cleaning is 5, expected a list of rules"),
        ({"epochs": "3"}, "epochs is '3'"),
        ({"threads": "3"}, "threads is '3'"),
        ({"calibrate": 1}, "calibrate is 1, expected True or False"),
        ({"embedding_bits": None}, "embedding_bits is None, expected 4 or 8"),
    ],
)
def test_an_argument_of_a_wrong_type_is_refused_in_a_sentence(tmp_path, changes, sentence):
    given = {"teacher": None, "train": TRAIN, "valid": VALID, "method": "none", "epochs": 1}
    given |= {"out": tmp_path / "new" / "s.safetensors", "report": False} | changes
    with pytest.raises(InputError, match=sentence):
        dixtill.distill(given.pop("teacher"), given.pop("train"), given.pop("valid"), **given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("teacher", "train", "sentence"),
    [
        ("no/such/teacher", TRAIN, "there is no such folder"),
        (None, "no.csv", "no.csv"),
        (None, TRAIN, "the method dixtill needs a teacher"),
    ],
)
def test_nothing_is_created_before_the_inputs_are_found(
    tmp_path, monkeypatch, teacher, train, sentence
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=sentence):
        dixtill.distill(teacher, train, VALID, out="new/s.safetensors", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_the_student_is_created_if_all_is_well(tmp_path):
    out = tmp_path / "new" / "s.safetensors"
    dixtill.distill(
        None, TRAIN, VALID, out=out, method="none", run_folder=tmp_path / "run", progress=False,
        epochs=1, embedding_dim=6, hidden_dim=5, report=False,
    )  # fmt: skip
    assert out.is_file()


@pytest.mark.parametrize("inside", ["", "new"])
@pytest.mark.parametrize("setting", ["attributions", "run_folder", "out"])
@pytest.mark.parametrize("is_loaded", [False, True])
def test_nothing_is_written_into_the_teachers_folder(bert_folder, setting, inside, is_loaded):
    before = sorted(bert_folder.rglob("*"))
    teacher = Teacher.load(bert_folder) if is_loaded else bert_folder
    places = {"out": bert_folder.with_name("s.safetensors"), setting: bert_folder / inside}
    if setting == "out":
        places["out"] /= "s.safetensors"
    with pytest.raises(InputError, match=r"is the input|whose files are read"):
        dixtill.distill(teacher, TRAIN, VALID, progress=False, **places)
    assert sorted(bert_folder.rglob("*")) == before


def test_the_estimator_keeps_no_attributions_in_the_teachers_folder(bert_folder):
    before = sorted(bert_folder.rglob("*"))
    labels = [TRAIN.label_names[label] for label in TRAIN.labels]
    for place in (bert_folder, bert_folder / "new"):
        classifier = DixtillClassifier(bert_folder, attributions=place)
        with pytest.raises(InputError, match=r"is the input|whose files are read"):
            classifier.fit(list(TRAIN.texts), labels)
    assert sorted(bert_folder.rglob("*")) == before
