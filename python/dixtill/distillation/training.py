"""Makes one student from lessons: trains, calibrates, quantizes and scores it.

A course makes one student in this way, and a search many. Nothing here needs the teacher, so that
students can be made where it is not loaded.
"""

from __future__ import annotations

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
from .measures.decisions import decisions
from .measures.scores import AnyScores, answers_to, scores_for
from .network.quantize import quantize
from .network.student import Student
from .progress.metrics import EpochMetrics, best_epoch
from .progress.watcher import Watcher
from .provenance import Origin, provenance_of, run_of
from .student.calibration import calibrate, put_unit_into
from .student.familiarity import fit_familiarity
from .student.float_answers import score
from .student.trainer import StudentTrainer, threads
from .student.vocabulary import Vocabulary, reduced_vectors


@dataclass(frozen=True)
class MadeStudent:
    """A finished student, before its file is written."""

    model: StudentModel
    scores: AnyScores  # of the int8 student on the validation texts
    float_scores: AnyScores  # the same before quantization
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
            output = lessons.train.rules.output
            student = Student.of(config, num_pieces, len(self.labels), output)
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
        label_precision: float | None = None,
    ) -> MadeStudent:
        """Calibrate a trained student in place, quantize it, and score both on `valid`.

        Thresholds of several labels are chosen for `label_precision`, or without it for F1. A
        number has no interval if the validation texts are the training texts.
        """
        found: dict[str, Any] = {"texts_without_labels": lessons.num_unlabeled}
        found["best_epoch"] = best_epoch(history).epoch
        with threads(1):
            found |= calibrate(student, lessons.valid, is_calibrated)
            float_scores = score(student, lessons.valid)
            found |= put_unit_into(student, lessons.valid.rules.scale)
        found["valid_scores"] = asdict(float_scores)
        model = self._quantized(student, lessons.vocabulary, embedding_bits)
        answers = answers_to(Classifier(model), valid)
        decided = decisions(valid.output, valid.targets, answers, label_precision)
        if self.origin.train == self.origin.valid:
            decided.pop("interval", None)  # errors on texts that were learned are too small
        scores = scores_for(valid.output, valid.targets, answers, decided.get("thresholds"))
        found["int8_scores"] = asdict(scores)
        provenance = provenance_of(self.origin, self.config, found)
        model = replace(
            model,
            settings=model.settings._replace(provenance=provenance, **decided),
            familiarity=fit_familiarity(lessons.train, lessons.valid, lessons.vocabulary),
        )
        return MadeStudent(model, scores, float_scores, student)

    def _quantized(
        self, student: Student, vocabulary: Vocabulary, embedding_bits: EmbeddingBits
    ) -> StudentModel:
        """Return the int8 student, without provenance."""
        return StudentModel(
            parameters=quantize(student, embedding_bits),
            vocabulary=vocabulary.pieces,
            settings=student_settings(vocabulary, self.labels, self.config),
        )
