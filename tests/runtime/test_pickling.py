"""Classifiers and answers go to other processes, and through copies, with every bit."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import subprocess
import sys

import pytest
from tiny_students import random_model

import dixtill
from dixtill.errors import KernelError, ModelFileError
from dixtill.runtime.classifier import Classifier
from dixtill.runtime.prediction import Check, ExplainedWord, Prediction
from dixtill.specification.model_file import write_model

TEXTS = ["Shares jump after record earnings", "profit falls", "up \ud800", ""] * 3

# What a process of the version before wrote: pickle.dumps(..., protocol=0) of `KEPT`.
WRITTEN_BEFORE = b"""\
cdixtill.runtime.prediction
Prediction
(VShares soar
Vbullish
F0.875
(dVbullish
F0.875
sVbearish
F0.125
s(ccopy_reg
__newobj__
(cdixtill.runtime.prediction
ExplainedWord
VShares
I0
I6
F-0.5
tRccopy_reg
__newobj__
(cdixtill.runtime.prediction
ExplainedWord
Vsoar
I7
I11
F1.25
tRtI00
ccopy_reg
__newobj__
(cdixtill.runtime.prediction
Check
(F-0.25
F1.5
tF1.0
(I1
tI01
tRF0.5
tR."""
KEPT = Prediction(
    "Shares soar",
    "bullish",
    0.875,
    {"bullish": 0.875, "bearish": 0.125},
    (ExplainedWord("Shares", 0, 6, -0.5), ExplainedWord("soar", 7, 11, 1.25)),
    False,
    Check((-0.25, 1.5), 1.0, (1,), True),
    0.5,
)


def pickled(value, protocol=None):
    return pickle.loads(pickle.dumps(value, protocol))


@pytest.fixture(params=["a file", "a folder", "arrays", "the one that ships"])
def student(request, tmp_path):
    """What a classifier is made of."""
    path = tmp_path / "student.safetensors"
    write_model(random_model(), path)
    if request.param == "arrays":
        return Classifier(random_model(), threshold=0.6)
    if request.param == "the one that ships":
        return dixtill.load(threshold=0.6)
    return dixtill.load(path if request.param == "a file" else tmp_path, threshold=0.6)


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_a_classifier_answers_the_same_bits_after_a_pickle(student, protocol):
    again = pickled(student, protocol)
    assert [answer._answer for answer in again(TEXTS, check=True)] == [
        answer._answer for answer in student(TEXTS, check=True)
    ]
    assert again(TEXTS, check=True) == student(TEXTS, check=True)
    assert (again.labels, again.threshold) == (student.labels, 0.6)
    assert pickled(again)(TEXTS) == student(TEXTS)


def test_a_kernel_by_name_is_kept_and_a_default_is_chosen_anew(monkeypatch):
    by_name, by_default = dixtill.load(kernel="scalar"), dixtill.load()
    there = pickle.dumps(by_name), pickle.dumps(by_default)
    monkeypatch.setattr("dixtill.runtime.targets._SUPPORTED", ("scalar",))
    assert [pickle.loads(content).kernel for content in there] == ["scalar", "scalar"]
    monkeypatch.setattr("dixtill.runtime.targets._SUPPORTED", ("neon",))
    with pytest.raises(KernelError, match="kernel 'scalar'"):
        pickle.loads(there[0])


def test_a_pickle_does_not_keep_the_kernel_of_the_environment(monkeypatch):
    monkeypatch.setenv("DIXTILL_KERNEL", "scalar")
    content = pickle.dumps(dixtill.load())
    monkeypatch.delenv("DIXTILL_KERNEL")
    assert pickle.loads(content).kernel == dixtill.load().kernel


def test_copies_of_a_classifier_are_itself():
    student = dixtill.load()
    assert copy.copy(student) is copy.deepcopy(student) is student
    assert copy.deepcopy([student])[0] is student


def test_a_pickle_that_was_damaged_is_refused():
    content = pickle.dumps(dixtill.load())
    middle = len(content) // 2
    damaged = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    with pytest.raises(ModelFileError, match="checksum"):
        pickle.loads(damaged)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_other_processes_answer_with_a_classifier_they_are_given(method):
    student = dixtill.load(threshold=0.9)
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.map(student, TEXTS) == student(TEXTS)


def test_joblib_stores_a_classifier_and_shares_it_among_processes(tmp_path):
    joblib = pytest.importorskip("joblib")
    student = dixtill.load(threshold=0.9)
    joblib.dump(student, tmp_path / "student.joblib")
    assert joblib.load(tmp_path / "student.joblib")(TEXTS) == student(TEXTS)
    answers = joblib.Parallel(n_jobs=2)(joblib.delayed(student)(text) for text in TEXTS)
    assert answers == student(TEXTS)


def test_a_pickle_is_read_where_no_numpy_is(tmp_path):
    (tmp_path / "p").write_bytes(pickle.dumps(dixtill.load()))
    script = (
        "import pickle, sys; student = pickle.load(open('p', 'rb')); print(student('up').label)\n"
        "assert not {'numpy', 'torch'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[-1:]) == (0, [dixtill.infer("up").label])


@pytest.mark.parametrize("copied", [pickled, copy.copy, copy.deepcopy])
def test_a_student_as_arrays_is_copied_whole(copied):
    model = random_model(bits=4)
    again = copied(model)
    assert again.settings == model.settings
    assert Classifier(again)(TEXTS) == Classifier(model)(TEXTS)


@pytest.mark.parametrize("copied", [pickled, copy.copy, copy.deepcopy])
def test_answers_are_copied_with_every_bit(copied):
    answers = dixtill.infer(TEXTS, check=True, threshold=0.9)
    again = copied(answers)
    assert again == answers
    assert [a.to_dict() for a in again] == [a.to_dict() for a in answers]
    assert {type(word) for answer in again for word in answer.words} == {ExplainedWord}
    assert {type(answer.check) for answer in again} == {Check}


def test_answers_that_another_version_pickled_are_read():
    read = pickle.loads(WRITTEN_BEFORE)
    assert read == KEPT
    assert read.to_dict() == KEPT.to_dict()
    assert read.label == "bullish"
