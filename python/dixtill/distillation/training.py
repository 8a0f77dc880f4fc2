"""Makes one student from lessons: trains, calibrates, quantizes and scores it.

A course makes one student in this way, and a search many. Nothing here needs the teacher, so that
students can be made where it is not loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..runtime.classifier import Classifier
from ..specification.model_file import StudentModel
from ..specification.words import UNKNOWN_PIECE
from .budget import student_settings
from .config import DistillConfig, EmbeddingBits
from .data.corpus import Corpus
from .lessons import Lessons
from .measures.scores import Scores, score_classifier
from .network.quantize import quantize
from .network.student import Student
from .progress.metrics import EpochMetrics, best_epoch
from .progress.watcher import Watcher
from .provenance import Origin, provenance_of, run_of
from .student.calibration import calibrate
from .student.familiarity import fit_familiarity
from .student.float_answers import score
from .student.trainer import StudentTrainer, threads
from .student.vocabulary import Vocabulary, reduced_vectors


@dataclass(frozen=True)
class MadeStudent:
    """A finished student, before its file is written."""

    model: StudentModel
    scores: Scores  # of the int8 student on the validation texts
    float_scores: Scores  # the same before quantization
    float_student: Student  # calibrated


@dataclass(frozen=True)
class Training:
    """Makes a student with these settings from this origin."""

    origin: Origin
    config: DistillConfig
    labels: tuple[str, ...]

    @property
    def run(self) -> dict[str, Any]:
        """Everything that the student's float parameters depend on."""
        return run_of(self.origin, self.config)

    def train(
        self, lessons: Lessons, rows: Tensor | None, folder: Path, watcher: Watcher
    ) -> tuple[Student, tuple[EpochMetrics, ...]]:
        """Return a trained student with the weights of its best epoch, and all epochs' metrics.

        `rows` are the teacher's vectors of the pieces, [pieces or more, any]; None draws them. A
        run that was stopped in the run folder `folder` resumes.

        Raises:
            InputError: the folder holds another run, or the training diverges.
        """
        config, num_pieces = self.config, len(lessons.vocabulary.pieces)
        with threads(1):
            torch.manual_seed(config.seed)
            student = Student.of(config, num_pieces, len(self.labels))
            vectors = reduced_vectors(rows, num_pieces, config.embedding_dim)
            student.embedding.weight.data.copy_(vectors)
            trainer = StudentTrainer(
                student, config, lessons.train, lessons.valid,
                lessons.vocabulary.pieces.index(UNKNOWN_PIECE), folder, self.run,
            )  # fmt: skip
            trainer.run(watcher)
        return student, trainer.history

    def finish(
        self,
        student: Student,
        history: tuple[EpochMetrics, ...],
        lessons: Lessons,
        valid: Corpus,
        embedding_bits: EmbeddingBits,
        is_calibrated: bool,
    ) -> MadeStudent:
        """Calibrate a trained student in place, quantize it, and score both on `valid`."""
        found: dict[str, Any] = {"texts_without_labels": lessons.num_unlabeled}
        found["best_epoch"] = best_epoch(history).epoch
        with threads(1):
            found |= calibrate(student, lessons.valid, is_calibrated)
            float_scores = score(student, lessons.valid)
        found["valid_scores"] = asdict(float_scores)
        model, scores = self._quantize(student, lessons.vocabulary, valid, embedding_bits, found)
        known = fit_familiarity(lessons.train, lessons.valid, lessons.vocabulary)
        return MadeStudent(replace(model, familiarity=known), scores, float_scores, student)

    def _quantize(
        self,
        student: Student,
        vocabulary: Vocabulary,
        valid: Corpus,
        embedding_bits: EmbeddingBits,
        found: Mapping[str, Any],
    ) -> tuple[StudentModel, Scores]:
        """Return the int8 student with its provenance, and its scores on the validation texts."""
        model = StudentModel(
            parameters=quantize(student, embedding_bits),
            vocabulary=vocabulary.pieces,
            settings=student_settings(vocabulary, self.labels, self.config),
        )
        scores = score_classifier(Classifier(model), valid)
        provenance = provenance_of(
            self.origin, self.config, {**found, "int8_scores": asdict(scores)}
        )
        settings = model.settings._replace(provenance=provenance)
        return replace(model, settings=settings), scores
