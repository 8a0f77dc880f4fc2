"""The steps of a study, one for each measurement; only missing measurements are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.reproduce import (
    alternatives,
    compressed,
    explanations,
    fast_text,
    keys,
    study_students,
    svm,
    timing,
)
from benchmarks.reproduce.corpora import Corpora, cleaned
from benchmarks.reproduce.methods import METHODS, OURS, PERTURBED, WITH_REAL_TEXTS
from benchmarks.reproduce.results import Content, Key, StudyRecord, read
from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.config import AttributionSettings, Precision
from dixtill.distillation.data.perturbation import suitable_number
from dixtill.distillation.data.unlabeled import UnlabeledTexts, stream_texts
from dixtill.distillation.progress.bars import bars_on_terminal
from dixtill.distillation.teacher.precision import quickest_precision
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.runtime.classifier import load_classifier


@dataclass(frozen=True)
class StudySettings:
    """The inputs of a study."""

    dataset: str
    teacher: Path
    train: Path
    test: Path
    attributions: Path  # store with those of the training texts; those of test texts are added
    out: Path
    seeds: int = 5
    threads: int = 1
    explained_with: tuple[str, ...] = ()  # arguments of `dixtill attribute`
    epochs: int | None = None  # for each student; fewer for a quick look
    num_explained: int | None = (
        None  # number of test texts whose explanations are measured; None for all
    )
    num_timed: int = 200
    perturbed: int | None = None  # the number of perturbed texts; None is that of dixtill distill
    unlabeled: str | None = None  # texts that methods in WITH_REAL_TEXTS learn from too


class Step(NamedTuple):
    """A measurement, and the function that makes it."""

    key: Key
    run: Callable[[], Content]


class Study:
    """Holds what the steps share; the teacher is loaded and its heads are ranked only once."""

    def __init__(self, settings: StudySettings) -> None:
        self.settings = settings
        self.teacher = Teacher.load(settings.teacher)
        self.corpora = Corpora.read(settings.train, settings.test, self.teacher.labels)

    @cached_property
    def record(self) -> StudyRecord:
        """The contents of study.json."""
        test = self.corpora.test
        return StudyRecord(
            dataset=self.settings.dataset,
            teacher=self.settings.teacher.name,
            teacher_sha256=self.teacher.fingerprint,
            num_heads=self.teacher.model.config.num_attention_heads,
            train_sha256=self.corpora.train.digest(),
            test_sha256=test.digest(),
            num_train=len(self.corpora.train),
            num_held_out=len(self.corpora.held_out),
            label_names=test.label_names,
            labels=tuple(test.targets.tolist()),
            methods=self._methods(),
            ours=OURS,
            seeds=self.settings.seeds,
            explained=tuple(range(len(test)))[: self.settings.num_explained],
            precision=self._precision,
            unlabeled_sha256="" if self._unlabeled is None else self._unlabeled.digest(),
        )

    @cached_property
    def _precision(self) -> Precision:
        return quickest_precision(self.teacher.device)

    @cached_property
    def _unlabeled(self) -> UnlabeledTexts | None:
        """The texts without labels that a course reads."""
        source = self.settings.unlabeled
        if source is None:
            return None
        corpora = self.corpora
        return UnlabeledTexts(
            lambda: stream_texts(source), [*corpora.held_out.texts, *corpora.test.texts]
        )

    def _methods(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the study's methods, with their arguments."""
        methods = {name: self._filled(given, 0) for name, given in METHODS.items()}
        if self._unlabeled is not None:
            more = ("--unlabeled", str(self.settings.unlabeled))
            for name, given in WITH_REAL_TEXTS.items():
                methods[name] = (*self._filled(given, self._unlabeled.num_words), *more)
        return methods

    def _filled(self, arguments: Sequence[str], other_words: int) -> tuple[str, ...]:
        """Return a method's arguments with the number of perturbed texts and the study's own."""
        number = self.settings.perturbed
        if number is None:
            number = suitable_number(cleaned(self.corpora.train), other_words)
        few = () if self.settings.epochs is None else ("--epochs", str(self.settings.epochs))
        given = (str(number) if part == PERTURBED else part for part in arguments)
        return (*given, *self.settings.explained_with, *few)

    def steps(self) -> Iterator[Step]:
        """Return all steps, seed by seed: the time left can be estimated after the first seed."""
        yield Step(keys.TEACHER, lambda: self._compressed(self.teacher))
        yield Step(keys.PTQ, lambda: self._compressed(compressed.in_int8(self.teacher)))
        yield Step(keys.IMPORTANCE, self._importance)
        for keep in keys.kept_heads(self.record):
            yield Step(keys.important_heads(keep), partial(self._important_heads, keep))
        yield Step(keys.SVM, lambda: self._alternative(partial(svm.fit, self.corpora)))
        for seed in range(self.settings.seeds):
            yield from self._steps_of_seed(seed)
        yield Step(keys.timing(self.record), self._timing)

    def _steps_of_seed(self, seed: int) -> Iterator[Step]:
        for keep in keys.kept_heads(self.record):
            yield Step(keys.random_heads(keep, seed), partial(self._random_heads, keep, seed))
        for quantized in (False, True):
            yield Step(
                keys.fasttext(seed, quantized),
                partial(self._alternative, partial(fast_text.fit, self.corpora, seed, quantized)),
            )
        for method in self.record.methods:
            yield Step(
                keys.student(self.record, method, seed), partial(self._student, method, seed)
            )
            yield Step(
                keys.explanations(self.record, method, seed),
                partial(self._explanations, method, seed),
            )

    def _importance(self) -> Content:
        return compressed.importance(self.teacher, self.corpora.train)

    def _important_heads(self, keep: int) -> Content:
        return self._compressed(self._pruned(keep))

    def _random_heads(self, keep: int, seed: int) -> Content:
        return self._compressed(compressed.with_random_heads(self.teacher, keep, seed))

    def _compressed(self, teacher: Teacher) -> Content:
        return compressed.measure(teacher, self.corpora.test)

    def _alternative(self, fit: Callable[[], alternatives.Fitted]) -> Content:
        return alternatives.measure(fit, self.corpora.test)

    def _pruned(self, keep: int) -> Teacher:
        scores = self._made(keys.IMPORTANCE)["scores"]
        return compressed.with_important_heads(self.teacher, keep, scores)

    def _student(self, method: str, seed: int) -> Content:
        recipe = study_students.Recipe(
            teacher=self.settings.teacher,
            train=self.settings.train,
            test=self.settings.test,
            attributions=self.settings.attributions,
            arguments=self.record.methods[method],
            seed=seed,
            threads=self.settings.threads,
        )
        return study_students.measure(recipe, self._student_file(method, seed), self.corpora.test)

    def _student_file(self, method: str, seed: int) -> Path:
        stem = keys.student(self.record, method, seed).stem
        return self.settings.out / "students" / f"{stem}.safetensors"

    def _explanations(self, method: str, seed: int) -> Content:
        file = self._student_file(method, seed)
        if not file.exists():
            raise InputError(f"{file} is missing; it is made by the step before: student")
        return explanations.measure(file, self._explained)

    @cached_property
    def _explained(self) -> list[Attribution]:
        """The teacher's attributions of test texts; those that are not stored yet are computed."""
        texts = [self.corpora.test.texts[row] for row in self.record.explained]
        store = AttributionStore(self.settings.attributions)
        attributor = Attributor(self.teacher, AttributionSettings(precision=self._precision))
        store.run(attributor, texts, bars_on_terminal())
        return store.read(attributor, texts)

    def _timing(self) -> Content:
        """Time all classifiers in one process, in turns; those with several seeds by the first."""
        record, teacher = self.record, self.teacher
        shrunk = {"teacher": teacher, "PTQ (int8)": compressed.in_int8(teacher)}
        for keep in keys.kept_heads(record):
            title = keys.title_of_heads(record, keep, "by importance")
            shrunk[title] = self._pruned(keep)
        classifiers: dict[str, timing.Ask] = {
            name: compressed.asked_for_one(item) for name, item in shrunk.items()
        }
        chosen = {
            key.kind: self._made(key)["chosen"]
            for key in (
                keys.SVM,
                keys.fasttext(0, quantized=False),
                keys.fasttext(0, quantized=True),
            )
        }
        classifiers["TF-IDF + linear SVM"] = svm.fit(self.corpora, chosen["svm"]).ask
        for title, quantized in (("fastText", False), ("fastText, quantized", True)):
            settings = chosen[keys.fasttext(0, quantized).kind]
            classifiers[title] = fast_text.fit(self.corpora, 0, quantized, settings).ask
        classifiers[record.ours] = load_classifier(self._student_file(record.ours, 0))
        return timing.measure(classifiers, self.corpora.test.texts[: self.settings.num_timed])

    def _made(self, key: Key) -> Content:
        content = read(self.settings.out, key)
        if content is None:
            raise InputError(f"the measurement {key.stem} is missing; run without --only")
        return content
