"""Runs the demo: makes reviews, trains a teacher, explains, distills students, and measures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from ..distillation.attribution.attributor import Attribution, Attributor
from ..distillation.config import AttributionSettings
from ..distillation.course import distill
from ..distillation.data.corpus import Corpus
from ..distillation.fine_tuning.finetune import score_teacher
from ..distillation.measures.scores import Scores, score_classifier
from ..distillation.progress.metrics import EpochMetrics
from ..distillation.progress.watcher import Advance, Watcher
from ..distillation.student.trainer import threads
from ..distillation.teacher.loading.checkpoint import quiet_transformers
from ..distillation.teacher.teacher import Teacher
from ..runtime.classifier import Classifier
from ..whole_file import write_whole
from .compression_table import Compressed, compare
from .reviews import Review, corpus_of, make_reviews
from .teacher import train_teacher

Say = Callable[[str], None]


class Method(NamedTuple):
    """A row of the first table: its title, the name of method and file, and its settings."""

    title: str
    name: str
    settings: dict[str, Any]


# Batches are small because the students see few reviews and need some hundreds of steps. Nothing is
# perturbed: a grammar makes the reviews, and perturbed copies would add little to it.
METHODS = (
    Method("no distillation", "none", {"batch_size": 16}),
    Method("KL", "kl", {"batch_size": 16}),
    Method("MSE", "mse", {"batch_size": 16}),
    Method("DiXtill as published", "dixtill-paper", {"batch_size": 16}),
    Method("DiXtill", "dixtill", {"batch_size": 16, "perturbed": 0}),
)
_SHOWN = METHODS[-1].name  # the student of the second table and of the examples


@dataclass(frozen=True)
class DemoSettings:
    """Sizes of the demo.

    The teacher learns from more reviews than the students, because it has no pre-training that
    would give it an advantage. The students get the first `num_train` of its reviews.
    """

    num_teacher: int = 5000
    num_train: int = 1000
    num_valid: int = 300
    num_test: int = 1000
    num_timed: int = 200
    teacher_epochs: int = 8
    student_epochs: int = 12
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """One review, explained by the student and by the teacher."""

    review: Review
    student: Classifier
    teacher: Attribution


@dataclass(frozen=True)
class DemoResult:
    """Everything that was measured."""

    settings: DemoSettings
    quality: dict[str, Scores]  # on the test reviews, by title
    compression: dict[str, Compressed]
    examples: tuple[Example, ...]


class _Parts(NamedTuple):
    for_teacher: Corpus
    train: Corpus  # the first of the teacher's
    valid: Corpus
    test: Corpus


def run_demo(folder: Path, settings: DemoSettings, say: Say) -> DemoResult:
    """Run the demo and leave its files in `folder`; `say` is called with the progress."""
    with quiet_transformers(), threads(1):  # models this small gain nothing from more threads
        say("making reviews in English and Italian")
        reviews = make_reviews(
            settings.num_teacher + settings.num_valid + settings.num_test, settings.seed
        )
        parts = _parts(reviews, settings)
        for name, corpus in parts._asdict().items():
            _write_csv(corpus, folder / f"{name}.csv")
        say("training the teacher, a transformer of two layers")
        teacher = _teacher(parts, settings, folder, say)
        teacher.use_gpu()
        attributor = Attributor(teacher, AttributionSettings())
        quality = {"teacher": cast(Scores, score_teacher(teacher, parts.test))}
        students: dict[str, Classifier] = {}
        for method in METHODS:
            say(f"distilling a student: {method.title}")
            student = _student(method, teacher, parts, settings, folder, _Telling(say))
            students[method.name] = student
            quality[method.title] = cast(Scores, score_classifier(student, parts.test))
        say("timing the teacher, its compressed forms and the student")
        compression = compare(teacher, _file(folder, _SHOWN), parts.test, settings.num_timed)
        examples = tuple(
            Example(review, students[_SHOWN], attributor([review.text])[0])
            for review in _first_negated(reviews[-settings.num_test :])
        )
    return DemoResult(settings, quality, compression, examples)


class _Telling(Watcher):
    """Reports each epoch, and the beginning of each longer stage."""

    def __init__(self, say: Say) -> None:
        self._say = say

    @contextmanager
    def bar(self, description: str, total: int, unit: str, done: int = 0) -> Iterator[Advance]:
        """Say what begins, unless it is already done."""
        if done < total:
            self._say(f"  {description}")
        yield lambda _: None

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """Say its loss and accuracy."""
        self._say(
            f"  epoch {metrics.epoch}: loss {metrics.loss:.3f}, "
            f"validation accuracy {metrics.accuracy:.3f}"
        )


def _parts(reviews: Sequence[Review], settings: DemoSettings) -> _Parts:
    """Return the corpora; apart from `train`, they share no reviews."""
    for_valid = settings.num_teacher + settings.num_valid
    return _Parts(
        for_teacher=corpus_of(reviews[: settings.num_teacher]),
        train=corpus_of(reviews[: settings.num_train]),
        valid=corpus_of(reviews[settings.num_teacher : for_valid]),
        test=corpus_of(reviews[for_valid:]),
    )


def _teacher(parts: _Parts, settings: DemoSettings, folder: Path, say: Say) -> Teacher:
    return train_teacher(
        parts.for_teacher,
        parts.valid,
        settings.teacher_epochs,
        settings.seed,
        folder / "teacher",
        _Telling(say),
    )


def _write_csv(corpus: Corpus, path: Path) -> None:
    content = io.StringIO(newline="")
    writer = csv.writer(content)
    writer.writerow(("text", "label"))
    for text, label in zip(corpus.texts, corpus.targets.tolist(), strict=True):
        writer.writerow((text, corpus.label_names[label]))
    write_whole(path, content.getvalue().encode())


def _student(
    method: Method,
    teacher: Teacher,
    parts: _Parts,
    settings: DemoSettings,
    folder: Path,
    watcher: Watcher,
) -> Classifier:
    """Distill one student and write its file."""
    result = distill(
        teacher,
        parts.train,
        parts.valid,
        out=_file(folder, method.name),
        watcher=watcher,
        method=method.name,
        epochs=settings.student_epochs,
        seed=settings.seed,
        run_folder=folder / "runs" / method.name,
        attributions=folder / "attributions",
        report=False,
        **method.settings,
    )
    return result.student


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.safetensors"


def _first_negated(reviews: Sequence[Review]) -> list[Review]:
    """Return the first review of each language whose opinion is negated."""
    first: dict[str, Review] = {}
    for review in reviews:
        if review.negated:
            first.setdefault(review.language, review)
    return list(first.values())
