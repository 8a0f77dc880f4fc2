"""What students are made from: gathered once, and read again without a teacher."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from small_course import TRAIN, VALID

from dixtill.architecture_search.trials.shared_data import SharedData
from dixtill.distillation.config import AllSettings
from dixtill.distillation.course import Course
from dixtill.distillation.course_files import CourseFiles
from dixtill.distillation.data.kind import Kind
from dixtill.distillation.data.sources import read_course_texts
from dixtill.distillation.lessons import lessons_of
from dixtill.distillation.progress.watcher import Watcher
from dixtill.errors import InputError

REAL = ["Profit grows", "banks fall", "shares jump up"]


@pytest.fixture(scope="module")
def course(bert, tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    settings = AllSettings.of(
        {"unlabeled": REAL, "perturbed": 5, "steps": 2, "max_explained": 4, "hint_weight": 1.0}
    )
    texts = read_course_texts(TRAIN, VALID, bert.labels, settings.course)
    files = CourseFiles.of(settings.course, folder / "s.safetensors", [])
    return Course(bert, texts, settings, files, Watcher())


@pytest.fixture(scope="module")
def shared_data(course):
    return SharedData.of(course)


def test_what_was_read_again_makes_the_same_lessons(course, shared_data, tmp_path):
    shared_data.write(tmp_path / "lessons.pt")
    again = SharedData.read(tmp_path / "lessons.pt")
    assert again.origin == shared_data.origin
    assert again.vocabulary == shared_data.vocabulary
    assert again.teacher_labels == shared_data.teacher_labels
    torch.testing.assert_close(again.vectors, shared_data.vectors, rtol=0, atol=0)
    whole = course.reader.read(course.texts, course.explained())
    for found in (shared_data, again):
        lessons = lessons_of(found.texts(5, True), whole.vocabulary, course.config)
        assert lessons.num_unlabeled == whole.num_unlabeled == 8
        for field in dataclasses.fields(whole.train):
            one, other = getattr(lessons.train, field.name), getattr(whole.train, field.name)
            if one is other is None:
                continue
            if field.name == "rules":
                assert type(one) is type(other)
                continue
            values = [
                part if isinstance(part, torch.Tensor) else torch.as_tensor(part.values)
                for part in (one, other)
            ]
            torch.testing.assert_close(*values, rtol=0, atol=0)


@pytest.mark.parametrize("num_perturbed", [0, 2, 5])
@pytest.mark.parametrize("has_real", [True, False])
def test_a_student_learns_the_first_perturbed_texts_and_perhaps_the_real_ones(
    shared_data, num_perturbed, has_real
):
    parts = list(shared_data.texts(num_perturbed, has_real).unlabeled)
    texts = [text for part in parts for text in part.texts]
    kinds = [kind for part in parts for kind in part.kinds]
    everything = [text for part in shared_data.answered.unlabeled for text in part.texts]
    assert shared_data.num_real == 3
    assert shared_data.num_perturbed == 5
    assert texts == [*(everything[:3] if has_real else []), *everything[3 : 3 + num_perturbed]]
    assert kinds == [Kind.REAL] * 3 * has_real + [Kind.MADE] * num_perturbed
    assert sum(len(part.answers.logits) for part in parts) == len(texts)
    assert (shared_data.origin_with(has_real).unlabeled["rows"] == 3) == has_real


def test_the_teachers_labels_are_its_own(course, shared_data):
    answers = course.teacher.answer(course.reader.cleaned(course.texts.valid))
    assert shared_data.teacher_labels == answers.logits.argmax(dim=1).tolist()


def test_a_damaged_file_is_refused(shared_data, tmp_path):
    path = tmp_path / "lessons.pt"
    shared_data.write(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"is damaged .*; delete it and search again"):
        SharedData.read(path)
