"""Trains the students of a search, in whatever process or on whatever machine this runs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, cast

from ...claim import held
from ...distillation.budget import Untrained
from ...distillation.finite import Diverged
from ...distillation.lessons import lessons_of
from ...distillation.measures.scores import Scores, answers_to
from ...distillation.progress.watcher import Watcher
from ...distillation.student.trainer import TURN
from ...distillation.training import MadeStudent, Training
from ...runtime.classifier import Classifier
from ...specification.model_file import write_model
from ...whole_file import remove_abandoned
from ..costs.energy import Meter
from ..space import Recipe, Space
from .folder import FULL, SHORT, Result, Spent, TrialFolder
from .shared_data import SharedData

SHARED_DATA = "lessons.pt"


class Job(NamedTuple):
    """A training that is to be done."""

    number: int
    rung: str


@dataclass(frozen=True)
class TrialTrainer:
    """Trains students of the search in a folder; other processes may do so at the same time."""

    folder: Path
    shared: dict[str, Any]  # settings of a course that all students share
    short_epochs: int
    is_alone: bool = True  # whether no other process of this search trains on this machine

    @cached_property
    def shared_data(self) -> SharedData:
        """What students are made from."""
        return SharedData.read(self.folder / SHARED_DATA)

    @cached_property
    def space(self) -> Space:
        """What is searched."""
        shared_data = self.shared_data
        num_pieces = len(shared_data.vocabulary.pieces)
        return Space.of(self.shared, num_pieces, shared_data.num_perturbed, shared_data.num_real)

    @cached_property
    def _meter(self) -> Meter:
        return Meter(is_alone=self.is_alone)

    def train(self, job: Job, watcher: Watcher | None = None) -> Job:
        """Train a student, unless it is trained already, and write what came of it.

        A training that diverged is recorded as failed.

        Raises:
            InputError: another process trains it.
        """
        trial = TrialFolder.of(self.folder, job.number)
        run_folder = trial.run_folder(job.rung)
        if not trial.has_result(job.rung):
            remove_abandoned(trial.path)
            start = perf_counter()
            with self._meter.running() as energy, held(run_folder):
                result = self._result(trial, job.rung, run_folder, watcher or Watcher())
            spent = Spent(perf_counter() - start, energy.joules, energy.source)
            trial.write_result(job.rung, result, spent)
        shutil.rmtree(run_folder, ignore_errors=True)
        return job

    def _result(
        self, trial: TrialFolder, rung: str, run_folder: Path, watcher: Watcher
    ) -> Result | str:
        recipe = self.space.recipe(trial.choices())
        if rung == SHORT:
            recipe = replace(recipe, config=replace(recipe.config, epochs=self.short_epochs))
        try:
            with TURN:
                made = self._made(recipe, run_folder, watcher)
        except Diverged as error:
            return str(error)
        if rung == FULL:
            write_model(made.model, trial.student)
        return self._measured(made, recipe)

    def _made(self, recipe: Recipe, run_folder: Path, watcher: Watcher) -> MadeStudent:
        shared_data, labels = self.shared_data, self.shared_data.answered.train.label_names
        # A course with this limit cuts its vocabulary to as many pieces.
        untrained = Untrained(shared_data.vocabulary, labels, recipe.config)
        config = replace(recipe.config, max_bytes=untrained.num_bytes(recipe.num_pieces))
        vocabulary = shared_data.vocabulary.first(recipe.num_pieces)
        texts = shared_data.texts(config.perturbed or 0, recipe.has_real_texts)
        lessons = lessons_of(texts, vocabulary, config)
        training = Training(shared_data.origin_with(recipe.has_real_texts), config, labels)
        student, history = training.train(lessons, shared_data.vectors, run_folder, watcher)
        return training.finish(
            student, history, lessons, texts.valid, recipe.embedding_bits, recipe.calibrate
        )

    def _measured(self, made: MadeStudent, recipe: Recipe) -> Result:
        valid, wanted = self.shared_data.answered.valid, self.shared_data.teacher_labels
        fidelity = None
        if wanted is not None:
            found = answers_to(Classifier(made.model), valid).argmax(axis=1)
            fidelity = float((found == wanted).mean())
        provenance, scores = made.model.settings.provenance, cast(Scores, made.scores)
        return Result(
            fidelity=fidelity,
            accuracy=scores.accuracy,
            macro_f1=scores.macro_f1,
            calibration_error=scores.calibration_error,
            size=len(made.model.content),
            num_pieces=recipe.num_pieces,
            num_parameters=made.model.parameters.shape.num_parameters,
            epochs=recipe.config.epochs,
            best_epoch=int(provenance["best_epoch"]),
        )
