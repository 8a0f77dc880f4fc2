"""The course of a distillation: what texts without labels may change, and resuming."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Event

import numpy as np
import pytest
import torch
from small_course import TRAIN, UNLABELED, VALID, run
from tiny_teachers import build
from watchers import EachEpoch

from dixtill.claim import held
from dixtill.distillation import course as course_module
from dixtill.distillation.data import perturbation
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.data.kind import Kind
from dixtill.distillation.data.perturbation import perturbed_texts
from dixtill.distillation.data.sources import check_teachers_labels
from dixtill.distillation.distilled import Distilled
from dixtill.distillation.progress.watcher import Watcher
from dixtill.distillation.teacher.head import Answers
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.specification.cleaning import clean
from dixtill.specification.parameters import NO_NULL_SCORE


def weights(distilled: Distilled) -> bytes:
    tensors = distilled.float_student.state_dict().values()
    return b"".join(tensor.numpy().tobytes() for tensor in tensors)


class Contrary(Teacher):
    """A teacher that answers the texts without labels the other way round."""

    def __init__(self, teacher) -> None:
        self._teacher = teacher
        self.fingerprint = "contrary"

    def __getattr__(self, name: str):
        return getattr(self._teacher, name)

    def answer(self, texts: Sequence[str], **settings) -> Answers:
        logits, states = self._teacher.answer(texts, **settings)
        return Answers(logits if set(texts) <= set(TRAIN.texts) else -logits, states)


def test_a_text_without_label_brings_the_teachers_answer_and_nothing_else(
    bert, tmp_path, trained_on
):
    distilled = run(bert, tmp_path / "run", "dixtill", perturbed=7, unlabeled=UNLABELED)
    (examples,) = trained_on
    made = perturbed_texts(TRAIN.texts, 7, seed=0)
    asked = [*(clean(text) for text in UNLABELED), *made]
    assert "https" not in asked[0]
    assert len(examples) == len(TRAIN) + 2 + 7
    assert examples.labels[: len(TRAIN)].tolist() == list(TRAIN.labels)
    assert set(examples.labels[len(TRAIN) :].tolist()) == {-100}
    assert not examples.attributions.lengths[len(TRAIN) :].any()
    assert examples.kinds[len(TRAIN) :].tolist() == [Kind.REAL] * 2 + [Kind.MADE] * 7
    expected = bert.predict(asked)
    torch.testing.assert_close(examples.teacher_logits[len(TRAIN) :], expected)
    assert distilled.model.settings.provenance["texts_without_labels"] == 7 + 2


def test_only_the_teacher_carries_what_unlabeled_texts_change(bert, tmp_path):
    """Other answers, another student; without weight for answers, the same student."""

    def student(teacher, name: str, **changes) -> bytes:
        folder = tmp_path / f"{name} {changes}"
        return weights(run(teacher, folder, "kl", unlabeled=UNLABELED, **changes))

    contrary = Contrary(bert)
    assert student(bert, "bert") != student(contrary, "contrary")
    assert student(bert, "bert", alpha=0.0) == student(contrary, "contrary", alpha=0.0)


def test_as_many_texts_are_made_as_suit_all_others(bert, tmp_path, monkeypatch):
    real = [f"profit of bank {number}" for number in range(50)]
    words, real_words = sum(len(text.split()) for text in TRAIN.texts), 4 * len(real)
    monkeypatch.setattr(perturbation, "_ENOUGH_WORDS", words + real_words + 3 * words)
    distilled = run(bert, tmp_path / "run", "dixtill", unlabeled=real, max_explained=0)
    made = 3 * len(TRAIN)
    assert distilled.model.settings.provenance["texts_without_labels"] == len(real) + made


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
    assert first.piece_ids.values.tolist() == second.piece_ids.values.tolist()
    assert first.piece_ids.starts.tolist() == second.piece_ids.starts.tolist()
    assert len(list(kept.glob("answers-*.npy"))) == 2  # to training texts, and to the others
    assert not list(kept.glob("*.parquet"))  # the method learns no explanations
    assert not (tmp_path / "0" / "answers").exists()


def test_a_run_folder_is_used_by_one_process_at_a_time(bert, tmp_path):
    folder = tmp_path / "run"
    with held(folder), pytest.raises(InputError, match="is in use; wait until"):
        run(bert, folder, "kl", perturbed=0)
    assert list(folder.iterdir()) == []
    run(bert, folder, "kl", perturbed=0)


class Stopped(Exception):
    """Stands for a machine that lost power."""


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
    torch.rand(5)  # other code draws in between
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("differs", "changes"),
    [
        ("teacher", {"teacher": other_bert}),
        ("attributions", {"steps": 3}),
        ("training_texts", {"train": replace(TRAIN, labels=TRAIN.labels[1:] + TRAIN.labels[:1])}),
        ("validation_texts", {"valid": replace(VALID, texts=(*VALID.texts[:-1], "more"))}),
        ("texts_without_labels", {"unlabeled": UNLABELED[:1]}),
        ("attributions, precision_of_answers", {"precision": "bfloat16"}),
        ("seed, dropout", {"seed": 1, "dropout": 0.5}),
        ("cell", {"cell": "gru"}),
        ("directions", {"directions": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_run_of_anything_else_is_refused(bert, tmp_path, differs, changes):
    """Otherwise a finished run would be returned for a teacher or texts that it never saw."""
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
    (null_score,) = distilled.model.parameters.null_score
    assert null_score != 0
    assert (null_score == np.float32(NO_NULL_SCORE)) != has_null_score


@pytest.mark.parametrize("method", ["dixtill", "dixtill-paper", "kl"])
def test_a_method_that_asks_a_teacher_needs_one(tmp_path, method):
    with pytest.raises(InputError, match=f"{method} needs a teacher; .* method='none'"):
        run(None, tmp_path / "run", method)


def test_texts_with_the_teachers_labels_in_another_order_give_the_same_student(bert, tmp_path):
    names = ("neutral", "bearish", "bullish")
    order = [names.index(name) for name in TRAIN.label_names]
    turned = Corpus(TRAIN.texts, tuple(order[label] for label in TRAIN.labels), names)
    quick = {"perturbed": 0, "epochs": 1}
    expected = run(bert, tmp_path / "plain", "kl", **quick)
    found = run(bert, tmp_path / "turned", "kl", train=turned, **quick)
    assert found.student.labels == bert.labels
    assert found.path.read_bytes() == expected.path.read_bytes()


@pytest.mark.parametrize("names", [("a", "b", "c"), ("bullish", "b")])
def test_texts_with_labels_that_the_teacher_lacks_are_refused(bert, tmp_path, names):
    texts = Corpus(TRAIN.texts[:8], (0, 1) * 4, names)
    sentence = f"the texts have the labels {', '.join(names)}, expected bearish, bullish, neutral:"
    with pytest.raises(InputError, match=sentence):
        run(bert, tmp_path / "run", "kl", train=texts, valid=texts)
    assert not (tmp_path / "run").exists()


def test_a_teacher_without_names_learns_those_of_the_texts():
    names = tuple(f"LABEL_{i}" for i in range(3))
    check_teachers_labels(names, TRAIN)
    with pytest.raises(InputError, match="the teacher has the labels LABEL_0, LABEL_1, but"):
        check_teachers_labels(names[:2], TRAIN)
    with pytest.raises(InputError, match="the teacher has the labels LABEL_1, LABEL_0, LABEL_2"):
        check_teachers_labels(("LABEL_1", "LABEL_0", "LABEL_2"), TRAIN)


class Announced(Watcher):
    """Says when its course begins."""

    def __init__(self) -> None:
        self.begun = Event()

    def stage(self, name: str) -> AbstractContextManager[None]:
        self.begun.set()
        return super().stage(name)


def test_courses_of_two_threads_take_turns(bert, tmp_path):
    def second() -> Distilled:
        return run(bert, tmp_path / "second", "kl", watcher=watcher)

    def start_second(metrics) -> None:
        if metrics.epoch == 1:
            started.append(pool.submit(second))
            assert not watcher.begun.wait(0.5)

    watcher, started = Announced(), []
    with ThreadPoolExecutor() as pool:
        first = run(bert, tmp_path / "first", "kl", watcher=EachEpoch(start_second))
        assert weights(started[0].result()) == weights(first)


def test_a_report_of_another_file_does_not_remain(bert, tmp_path, monkeypatch):
    def student(report: bool, bits: int = 4) -> Distilled:
        settings = {"perturbed": 0, "epochs": 1, "embedding_bits": bits}
        return run(bert, tmp_path / "run", "kl", report=report, **settings)

    page = tmp_path / "run" / "report.html"
    assert student(report=True).report == page
    assert student(report=False).report is None
    assert page.exists()  # the file is the same
    student(report=False, bits=8)
    assert not page.exists()
    page.write_text("old")
    monkeypatch.setattr(course_module, "write_report", lambda *parts: 1 / 0)
    assert student(report=True).report_error == "division by zero"
    assert not page.exists()
