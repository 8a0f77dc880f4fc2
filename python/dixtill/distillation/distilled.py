"""The result of a course."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..runtime.classifier import Classifier
from ..specification.model_file import StudentModel
from .measures.scores import AnyScores
from .network.student import Student
from .progress.metrics import EpochMetrics, best_epoch


@dataclass(frozen=True)
class Distilled:
    """A finished student, and how it was made."""

    student: Classifier  # loaded from the file
    path: Path  # the student's file
    scores: AnyScores  # of the int8 file on the validation texts
    float_scores: AnyScores  # the same before quantization
    history: tuple[EpochMetrics, ...]  # one for each epoch
    run_folder: Path
    report: Path | None  # None if not asked for, or if it could not be written
    report_error: str | None  # why it could not be written
    model: StudentModel
    float_student: Student  # calibrated

    @property
    def best_epoch(self) -> EpochMetrics:
        """The epoch whose parameters were kept."""
        return best_epoch(self.history)
