"""Records what a run depends on, and what a student's file says about its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from ..version import __version__
from .config import AttributionSettings, DistillConfig, Precision
from .data.sources import CourseTexts
from .teacher.teacher import Teacher


class Origin(NamedTuple):
    """What a student is made from, apart from the settings of its training; JSON values."""

    teacher: str | None  # its fingerprint
    teacher_name: str | None
    train: dict[str, Any]  # the number of texts, and their SHA-256
    valid: dict[str, Any]
    unlabeled: dict[str, Any]
    precision: Precision  # of the teacher's answers to texts without labels
    attributions: dict[str, Any] | None  # settings of the teacher's explanations, if any

    @classmethod
    def of(
        cls,
        teacher: Teacher | None,
        texts: CourseTexts,
        attribution: AttributionSettings | None,
        precision: Precision,
    ) -> Origin:
        """Describe a loaded teacher and loaded texts."""
        return cls(
            teacher.fingerprint if teacher else None,
            teacher.name if teacher else None,
            {"rows": len(texts.train), "sha256": texts.train.digest()},
            {"rows": len(texts.valid), "sha256": texts.valid.digest()},
            {"rows": len(texts.unlabeled), "sha256": texts.unlabeled.digest()},
            precision,
            attribution.as_dict() if attribution else None,
        )


def run_of(origin: Origin, config: DistillConfig) -> dict[str, Any]:
    """Return everything that a student's float parameters depend on.

    A run folder refuses to resume if any of it differs. The vocabulary, the perturbed texts and the
    teacher's answers follow from these values.
    """
    asks = config.method != "none"
    answers_more = asks and (origin.unlabeled["rows"] > 0 or config.perturbed != 0)
    return {
        "dixtill": __version__,
        "teacher": origin.teacher,
        "attributions": origin.attributions,
        "training_texts": origin.train["sha256"],
        "validation_texts": origin.valid["sha256"],
        "texts_without_labels": origin.unlabeled["sha256"] if asks else None,
        "precision_of_answers": origin.precision if answers_more else None,
        **asdict(config),
    }


def provenance_of(
    origin: Origin, config: DistillConfig, found: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the provenance for a student's file.

    `found` holds the results: the number of texts without labels, the best epoch, the temperature,
    the calibration error before it, the scores before and after quantization, and the scale of
    numbers.
    """
    scale = {"scale": found["scale"]} if "scale" in found else {}
    return {
        "dixtill": __version__,
        "teacher": origin.teacher,
        "train": origin.train,
        "valid": origin.valid,
        "texts_without_labels": found["texts_without_labels"],
        "config": asdict(config),
        "best_epoch": found["best_epoch"],
        "temperature": found["temperature"],
        "uncalibrated_error": found["uncalibrated_error"],
        **scale,
        "valid_scores": found["valid_scores"],
        "teacher_name": origin.teacher_name,
        "int8_scores": found["int8_scores"],
        "attributions": origin.attributions,
    }
