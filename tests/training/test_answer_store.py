"""The teacher's answers are computed once, kept whole, and never those of another teacher."""

from __future__ import annotations

import pytest
import tiny_teachers
import torch

from dixtill.errors import InputError
from dixtill.training import answer_store
from dixtill.training.answer_store import answers
from dixtill.training.teacher import Teacher

TEXTS = ["shares fall", "shares jump", "no change", "the bank", "banks"]


@pytest.fixture
def teacher() -> Teacher:
    return Teacher(*tiny_teachers.build("bert"))


@pytest.fixture
def asked(teacher, monkeypatch) -> list[str]:
    texts: list[str] = []
    predict = teacher.predict

    def recorded(part, **settings):
        texts.extend(part)
        return predict(part, **settings)

    monkeypatch.setattr(teacher, "predict", recorded)
    monkeypatch.setattr(answer_store, "_TEXTS_PER_FILE", 2)
    return texts


def test_answers_are_the_teachers(teacher, tmp_path):
    torch.testing.assert_close(answers(teacher, TEXTS, tmp_path), teacher.predict(TEXTS))


def test_what_is_kept_is_not_asked_again(teacher, asked, tmp_path):
    first = answers(teacher, TEXTS[:4], tmp_path)
    again = answers(teacher, TEXTS, tmp_path)
    assert asked == TEXTS
    assert torch.equal(again[:4], first)
    assert not list(tmp_path.glob("*.tmp"))


def test_another_teacher_and_another_precision_are_asked(teacher, asked, tmp_path):
    answers(teacher, TEXTS, tmp_path)
    answers(teacher, TEXTS, tmp_path, "bfloat16")
    assert asked == 2 * TEXTS
    other = Teacher(*tiny_teachers.build("bert"))
    with torch.no_grad():
        other.model.classifier.bias += 1
    torch.testing.assert_close(answers(other, TEXTS, tmp_path), other.predict(TEXTS))


def test_a_damaged_file_is_named(teacher, tmp_path):
    answers(teacher, TEXTS, tmp_path)
    (path,) = tmp_path.glob("answers-*.npy")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=rf"{path.name} is damaged; delete it"):
        answers(teacher, TEXTS, tmp_path)


def test_no_texts_have_no_answers(teacher, tmp_path):
    assert answers(teacher, [], tmp_path).shape == (0, len(teacher.labels))
