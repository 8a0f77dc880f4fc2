"""Runs the whole course: a teacher and labeled texts in, a student's file out.

Its steps are to read, explain, answer, train, calibrate, quantize, write and report. Most are
methods of Course, on top of the stages in the folders beside this file. A stopped course resumes:
explanations, answers and epochs that are stored are not made again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..extras import require

require("train")

import numpy as np
import torch
from torch import Tensor

from ..claim import held, make_folder
from ..errors import InputError
from ..runtime.classifier import load_classifier
from ..runtime.model_file.label_names import check_label_names
from ..specification.model_file import write_model
from .attribution.attributor import Attribution, Attributor
from .attribution.store import AttributionStore
from .config import AllSettings, AttributionSettings, CourseSettings, DistillConfig, Precision
from .course_files import CourseFiles
from .data.sources import (
    CourseTexts,
    Labeled,
    check_teachers_labels,
    check_teachers_output,
    read_course_texts,
)
from .data.text_weights import text_weights
from .distilled import Distilled
from .lessons import LessonReader
from .measures.scores import AnyScores
from .network.quantize import check_embedding_bits
from .progress.live_table import watched
from .progress.metrics import EpochMetrics
from .progress.watcher import Watcher
from .provenance import Origin
from .report import describes, write_report
from .student.run_folder import RunFolder
from .student.trainer import TURN, threads
from .student.vocabulary import Vocabulary, teacher_vectors
from .teacher.answer_store import AnswerStore
from .teacher.precision import chosen_precision
from .teacher.teacher import Teacher
from .training import Training


def distill(
    teacher: str | os.PathLike[str] | Teacher | None,
    train: Labeled,
    valid: Labeled | None = None,
    *,
    out: str | os.PathLike[str],
    progress: bool = True,
    watcher: Watcher | None = None,
    **settings: Any,
) -> Distilled:
    """Distill a student from a teacher and write its file; see `dixtill.distill`."""
    chosen = AllSettings.of(settings)
    check_embedding_bits(chosen.course.embedding_bits)
    _check_types(teacher, progress, watcher)
    folder = teacher.folder if isinstance(teacher, Teacher) else teacher
    files = CourseFiles.of(chosen.course, out, [folder, train, valid])
    with TURN, ExitStack() as stack:
        if watcher is None:
            watcher = stack.enter_context(watched(in_lines=False)) if progress else Watcher()
        stack.enter_context(threads(chosen.course.threads))
        with watcher.stage("loading the teacher"):
            loaded = loaded_teacher(teacher, chosen.course)
        names = loaded.labels if loaded else None
        texts = read_course_texts(
            train, valid, names, chosen.course, loaded.output if loaded else None
        )
        return Course(loaded, texts, chosen, files, watcher).run()


def _check_types(teacher: object, progress: object, watcher: object) -> None:
    for name, value, types, expected in (
        ("teacher", teacher, (str, os.PathLike, Teacher), "a folder, a hub name, a Teacher"),
        ("watcher", watcher, Watcher, "a Watcher (dixtill.distillation.progress.watcher)"),
    ):
        if not (value is None or isinstance(value, types)):
            raise InputError(f"{name} is {value!r:.40}, expected {expected} or None")
    if not isinstance(progress, bool):
        raise InputError(f"progress is {progress!r:.40}, expected True or False")


def loaded_teacher(
    teacher: str | os.PathLike[str] | Teacher | None, settings: CourseSettings
) -> Teacher | None:
    """Return the teacher, on the GPU if there is one.

    Raises:
        InputError: it cannot be loaded, or the settings are about loading one that is not.
    """
    if isinstance(teacher, (str, os.PathLike)):
        teacher = Teacher.load(
            os.fspath(teacher),
            labels=settings.labels,
            trust_remote_code=settings.trust_remote_code,
        )
    elif settings.labels is not None or settings.trust_remote_code:
        raise InputError(
            "labels and trust_remote_code are for a teacher that is loaded from a folder or the "
            "hub; give them to Teacher.load instead"
        )
    if teacher is not None:
        teacher.use_gpu()
    return teacher


@dataclass(frozen=True)
class Course:
    """One distillation, from a loaded teacher and loaded texts."""

    teacher: Teacher | None
    texts: CourseTexts
    settings: AllSettings
    files: CourseFiles
    watcher: Watcher

    def __post_init__(self) -> None:
        """Raise InputError if the teacher does not fit the method or the texts."""
        train = self.texts.train
        check_label_names(train.label_names)
        if train.output == "softmax" and len(train.label_names) < 2:
            raise InputError(
                f"the texts have only the label '{train.label_names[0]}', so that nothing can be "
                "learned; give texts of at least two"
            )
        if self.settings.course.label_precision is not None and train.output != "sigmoid":
            kind = "one label" if train.output == "softmax" else "a number"
            raise InputError(
                f"label_precision is for texts of several labels, but these have {kind} each; "
                "leave it out"
            )
        text_weights(train, self.config.class_weight)  # raises an error before any work
        if self.teacher:
            check_teachers_output(self.teacher.output, train.output)
            check_teachers_labels(self.teacher.labels, train)
        elif (method := self.config.method) != "none":
            raise InputError(
                f"the method {method} needs a teacher; give one, or choose method='none'"
            )

    @property
    def config(self) -> DistillConfig:
        return self.settings.config

    def run(self) -> Distilled:
        """Take all steps, except those that an earlier run has finished.

        Raises:
            InputError: the run folder is in use or holds a different run, or the training
                diverges.
        """
        make_folder(self.files.out.parent)
        with held(self.files.run_folder):
            RunFolder(self.files.run_folder).claim(self.training.run)
            lessons = self.reader.read(self.texts, self.explained())
            student, history = self.training.train(
                lessons, self.vectors(lessons.vocabulary), self.files.run_folder, self.watcher
            )
        course = self.settings.course
        made = self.training.finish(
            student, history, lessons, self.texts.valid, course.embedding_bits, course.calibrate,
            course.label_precision,
        )  # fmt: skip
        write_model(made.model, self.files.out)
        page, error = self._report(history, made.float_scores)
        return Distilled(
            load_classifier(self.files.out), self.files.out, made.scores, made.float_scores,
            history, self.files.run_folder, page, error, made.model, student,
        )  # fmt: skip

    @cached_property
    def training(self) -> Training:
        """How the student is made from its lessons."""
        origin = Origin.of(self.teacher, self.texts, self._attribution, self._precision)
        return Training(origin, self.config, self.texts.train.label_names)

    @property
    def _attribution(self) -> AttributionSettings | None:
        """The settings of the explanations that the student learns."""
        learned = self._attributor if self.config.is_explained else None
        return learned.settings if learned else None

    @cached_property
    def _attributor(self) -> Attributor | None:
        """The explainer; None if the method learns no explanations and no folder stores them."""
        course = self.settings.course
        if self.teacher is None or not (self.config.is_explained or course.attributions):
            return None
        attribution = replace(
            self.settings.attribution, cleaning=self.config.cleaning, symbols=self.config.symbols
        )
        given: dict[str, set[int]] = {}
        for corpus in (self.texts.train, self.texts.valid):
            for text, label in zip(corpus.texts, corpus.labels, strict=True):
                given.setdefault(text, set()).update(np.atleast_1d(label).tolist())
        return Attributor(self.teacher, attribution, course.rows_per_pass, given)

    @cached_property
    def _precision(self) -> Precision:
        """The precision of the teacher's answers."""
        device = self.teacher.device if self.teacher else torch.device("cpu")
        return chosen_precision(self.settings.attribution.precision, device)

    def explained(self) -> dict[int, Attribution]:
        """Have the teacher explain its answers to training texts; return them by the texts' rows.

        If there are more than `max_explained`, a hash of each text draws them, so that the folds of
        a cross-validation share most of them.
        """
        if self._attributor is None or not self.config.is_explained:
            return {}
        known = self.texts.train.texts
        drawn = sorted(range(len(known)), key=lambda row: _digest(known[row]))
        rows = sorted(drawn[: self.config.max_explained])
        texts = [known[row] for row in rows]
        store = AttributionStore(self.files.attributions)
        store.run(self._attributor, texts, self.watcher)
        return dict(zip(rows, store.read(self._attributor, texts), strict=True))

    @property
    def reader(self) -> LessonReader:
        """What has the teacher answer, and reads all texts as the student does."""
        store = None
        if self.teacher and self.config.method != "none":
            store = AnswerStore(
                self.teacher, self.files.answers, self._precision, self.watcher,
                self.config.learns_hints,
            )  # fmt: skip
        return LessonReader(self.config, self.teacher, store, self.watcher)

    def vectors(self, vocabulary: Vocabulary) -> Tensor | None:
        """Return the teacher's vectors of the pieces; None without a teacher."""
        with threads(1):
            return teacher_vectors(vocabulary, self.teacher) if self.teacher else None

    def _report(
        self, history: Sequence[EpochMetrics], float_scores: AnyScores
    ) -> tuple[Path | None, str | None]:
        """Write the report; return its path and None, or None and the reason for its absence."""
        page = self.files.run_folder / "report.html"
        try:
            if page.is_file() and not describes(page, self.files.out):
                page.unlink()
            if not self.settings.course.report:
                return None, None
            with self.watcher.stage("measuring for the report"):
                explained = self._known()
                write_report(
                    page, self.files.out, history, float_scores, self.texts.valid, *explained
                )
        except Exception as error:  # whatever went wrong, the student's file is complete
            return None, str(error) or type(error).__name__
        return page, None

    def _known(self) -> tuple[dict[str, Attribution], str]:
        """Return stored attributions of validation texts or else training texts, and say which."""
        if self._attributor:
            store = AttributionStore(self.files.attributions)
            for corpus, name in (
                (self.texts.valid, "validation texts"),
                (self.texts.train, "training texts"),
            ):
                known = store.known(self._attributor, corpus.texts)
                if known:
                    return {text: known[text] for text in corpus.texts if text in known}, name
        return {}, "training texts"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
