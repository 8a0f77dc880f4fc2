"""A teacher's answers on disk are computed once, resumed, and refused if they are damaged."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tiny_teachers
import torch
from small_course import TRAIN, VALID
from torch import Tensor

from dixtill.distillation.course import distill
from dixtill.distillation.progress.watcher import Watcher
from dixtill.distillation.teacher import answer_store
from dixtill.distillation.teacher.answer_store import AnswerStore
from dixtill.distillation.teacher.head import Answers
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

TEXTS = [f"text {number}" for number in range(10)]


class Counting:
    """Answers with a text's length, and records the texts that it was asked."""

    labels = ("down", "up")

    def __init__(self, fingerprint: str = "one") -> None:
        self.fingerprint = fingerprint
        self.asked: list[list[str]] = []

    def answer(
        self,
        texts: Sequence[str],
        precision: str = "float32",
        on_batch=lambda _: None,
        with_states: bool = False,
    ) -> Answers:
        on_batch(len(texts))
        self.asked.append(list(texts))
        logits = torch.tensor([[float(len(text)), sum(map(ord, text)) / 7] for text in texts])
        return Answers(logits, logits.repeat(1, 2).half() if with_states else None)

    def predict(self, texts: Sequence[str]) -> Tensor:
        return self.answer(texts).logits


def answers(teacher, texts: Sequence[str], folder: Path, precision="float32") -> Tensor:
    found = list(AnswerStore(teacher, folder, precision).parts(iter(texts), len(texts)))
    assert [text for part, _ in found for text in part] == list(texts)
    return torch.cat(
        [
            torch.empty(0, 2 if isinstance(teacher, Counting) else 3),
            *(part.logits for _, part in found),
        ]
    )


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_store, "_TEXTS_PER_FILE", 4)


def test_answers_are_the_teachers_to_the_bit(bert, tmp_path):
    expected = torch.cat([bert.predict(TEXTS[at : at + 4]) for at in (0, 4, 8)])
    for _ in range(2):
        assert torch.equal(answers(bert, TEXTS, tmp_path / "new" / "folder"), expected)


def test_what_was_answered_is_not_asked_again(tmp_path):
    teacher = Counting()
    first = answers(teacher, TEXTS, tmp_path)
    assert teacher.asked == [TEXTS[:4], TEXTS[4:8], TEXTS[8:]]
    assert torch.equal(answers(teacher, TEXTS, tmp_path), first)
    assert len(teacher.asked) == 3
    answers(teacher, TEXTS[:8], tmp_path)
    assert len(teacher.asked) == 3


def test_a_stopped_run_goes_on_from_the_last_whole_file(tmp_path):
    class Killed(BaseException):
        pass

    class Mortal(Counting):
        def answer(self, texts: Sequence[str], **settings) -> Answers:
            if texts[0] == TEXTS[4]:
                raise Killed
            return super().answer(texts, **settings)

    with pytest.raises(Killed):
        answers(Mortal(), TEXTS, tmp_path)
    teacher = Counting()
    resumed = answers(teacher, TEXTS, tmp_path)
    assert teacher.asked == [TEXTS[4:8], TEXTS[8:]]
    assert torch.equal(resumed, Counting().predict(TEXTS))


def test_files_by_length_have_the_bits_of_one_call(bert, tmp_path, monkeypatch):
    monkeypatch.setattr(answer_store, "_TEXTS_PER_FILE", 64)
    texts = ["profit " * (row * 7 % 11) + str(row) for row in range(150)]
    expected = bert.predict(texts)
    assert torch.equal(AnswerStore(bert, tmp_path).answers_by_length(texts).logits, expected)
    assert len(list(tmp_path.iterdir())) == 3
    teacher = Counting()
    AnswerStore(teacher, tmp_path / "counted").answers_by_length(texts)
    assert [text for part in teacher.asked for text in part] == sorted(texts, key=len)


@pytest.mark.parametrize("method", ["kl", "mse"])
def test_a_killed_course_of_answers_alone_does_not_ask_again(bert, tmp_path, monkeypatch, method):
    class Killed(BaseException):
        pass

    class Mortal(Watcher):
        def on_begin(self, history: object) -> None:
            raise Killed

    def run(watcher: Watcher) -> None:
        out = tmp_path / "s.safetensors"
        sizes = {"embedding_dim": 6, "hidden_dim": 5, "epochs": 1, "report": False}
        distill(bert, TRAIN, VALID, out=out, method=method, watcher=watcher, **sizes)

    with pytest.raises(Killed):
        run(Mortal())
    asked = []
    monkeypatch.setattr(bert, "predict", lambda texts, **_: asked.append(texts))
    run(Watcher())
    assert asked == []


def test_another_precision_has_answers_of_its_own(tmp_path):
    teacher = Counting()
    answers(teacher, TEXTS[:4], tmp_path)
    answers(teacher, TEXTS[:4], tmp_path, "bfloat16")
    assert teacher.asked == [TEXTS[:4]] * 2
    answers(teacher, TEXTS[:4], tmp_path, "bfloat16")
    assert len(teacher.asked) == 2


def test_another_teacher_and_other_texts_have_answers_of_their_own(tmp_path):
    answers(Counting("one"), TEXTS[:4], tmp_path)
    other = Counting("two")
    answers(other, TEXTS[:4], tmp_path)
    assert other.asked == [TEXTS[:4]]
    teacher = Counting("one")
    for texts in (
        TEXTS[1:5],
        TEXTS[3::-1],
        ["ab", "c"],
        ["a", "bc"],
        ["a\0", "b"],
        ["a", "\0b"],
        ["a\0b"],
        ["a"],
    ):
        assert torch.equal(answers(teacher, texts, tmp_path), Counting().predict(texts))
    assert len(teacher.asked) == 8


def test_texts_may_hold_lone_surrogates_and_the_list_may_be_empty(tmp_path):
    assert answers(Counting(), ["\ud800"], tmp_path).shape == (1, 2)
    assert answers(Counting(), [], tmp_path).shape == (0, 2)


def zipped() -> bytes:
    content = io.BytesIO()
    np.savez(content, np.zeros((4, 2), np.float32))
    return content.getvalue()


def saved(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is damaged; delete it"),
        (b"no array", "is damaged; delete it"),
        (b"PK\x03\x04 cut", "is damaged; delete it"),
        (zipped(), "is damaged; delete it"),
        (saved(np.zeros((4, 2), np.float32))[:-1], "is damaged; delete it"),
        (saved(np.array([[{}, {}]] * 4)), "is damaged; delete it"),
        (saved(np.zeros((3, 2), np.float32)), "does not fit its texts; delete it"),
        (saved(np.zeros((4, 3), np.float32)), "does not fit its texts; delete it"),
        (saved(np.zeros((4, 2), np.float64)), "does not fit its texts; delete it"),
        (saved(np.full((4, 2), np.nan, np.float32)), "holds NaN or infinity; delete it"),
    ],
    ids=["empty", "text", "cut zip", "zip", "cut", "objects", "rows", "classes", "float64", "nan"],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, content, sentence):
    answers(Counting(), TEXTS[:4], tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"{path.name} {sentence}"):
        answers(Counting(), TEXTS[:4], tmp_path)
    path.unlink()
    assert torch.equal(answers(Counting(), TEXTS[:4], tmp_path), Counting().predict(TEXTS[:4]))
    assert zipfile.is_zipfile(path) is False


def test_a_file_cut_anywhere_is_refused_by_name(tmp_path):
    answers(Counting(), TEXTS[:4], tmp_path)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=f"{path.name} is damaged; delete it"):
            answers(Counting(), TEXTS[:4], tmp_path)


def test_answers_that_are_not_finite_are_not_stored(tmp_path):
    teacher = Teacher(*tiny_teachers.build("bert"))

    def diverge(_model, _given, output) -> None:
        output.logits[:] = torch.tensor([6.0, 1.0, 2.0])
        output.logits[2, 1] = float("inf")

    teacher.model.register_forward_hook(diverge)

    with pytest.raises(
        InputError, match=r"logits of the teacher for 'text 2' are not finite \(6.0"
    ):
        answers(teacher, TEXTS[:4], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    path = Path(tmp_path / "taken")
    path.write_text("mine")
    with pytest.raises(InputError, match="taken is a file; a teacher's answers need a folder"):
        answers(Counting(), TEXTS, path)


def with_states(teacher, texts: Sequence[str], folder: Path) -> Tensor:
    store = AnswerStore(teacher, folder, with_states=True)
    return torch.cat([answers.states for _, answers in store.parts(iter(texts), len(texts))])


def test_states_are_stored_beside_the_answers_and_asked_for_once(tmp_path):
    teacher = Counting()
    plain = answers(teacher, TEXTS[:4], tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    states = with_states(teacher, TEXTS, tmp_path)
    assert teacher.asked == [TEXTS[:4], TEXTS[:4], TEXTS[4:8], TEXTS[8:]]
    assert torch.equal(states[:4], plain.repeat(1, 2).half())
    assert torch.equal(with_states(teacher, TEXTS, tmp_path), states)
    assert torch.equal(answers(teacher, TEXTS[:4], tmp_path), plain)
    assert len(teacher.asked) == 4
    by_length = AnswerStore(teacher, tmp_path, with_states=True).answers_by_length(TEXTS[::-1])
    assert torch.equal(by_length.states, states.flip(0))


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((3, 4), np.float16), "does not fit its texts; delete it"),
        (np.zeros((4, 4), np.float32), "does not fit its texts; delete it"),
        (np.float16(0), "does not fit its texts; delete it"),
        (np.full((4, 4), np.inf, np.float16), "holds NaN or infinity; delete it"),
    ],
    ids=["rows", "float32", "number", "infinity"],
)
def test_damaged_states_are_refused_by_name(tmp_path, array, sentence):
    with_states(Counting(), TEXTS[:4], tmp_path)
    (path,) = tmp_path.glob("states-*")
    path.write_bytes(saved(array))
    with pytest.raises(InputError, match=f"{path.name} {sentence}"):
        with_states(Counting(), TEXTS[:4], tmp_path)
