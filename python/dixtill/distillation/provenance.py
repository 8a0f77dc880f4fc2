"""Records what a run depends on, and what a student's file says about its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..version import __version__
from .config import AttributionSettings, DistillConfig, Precision
from .data.sources import CourseTexts
from .teacher.teacher import Teacher


def run_of(
    teacher: Teacher | None,
    texts: CourseTexts,
    config: DistillConfig,
    attribution: AttributionSettings | None,
    precision: Precision,
) -> dict[str, Any]:
    """Return everything that a student's float parameters depend on.

    A run folder refuses to resume if any of it differs. The vocabulary, the perturbed texts and the
    teacher's answers follow from these values.

    Args:
        attribution: the settings of the teacher's explanations; None if there are none.
        precision: the precision of the teacher's answers to texts without labels.
    """
    asks = config.method != "none"
    answers_more = asks and (len(texts.unlabeled) > 0 or config.perturbed != 0)
    return {
        "dixtill": __version__,
        "teacher": teacher.fingerprint if teacher else None,
        "attributions": attribution.as_dict() if attribution else None,
        "training_texts": texts.train.digest(),
        "validation_texts": texts.valid.digest(),
        "texts_without_labels": texts.unlabeled.digest() if asks else None,
        "precision_of_answers": precision if answers_more else None,
        **asdict(config),
    }


def provenance_of(
    run: Mapping[str, Any],
    teacher: Teacher | None,
    texts: CourseTexts,
    config: DistillConfig,
    attribution: AttributionSettings | None,
    found: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the provenance for a student's file.

    `found` holds the results: the number of texts without labels, the best epoch, the temperature,
    the calibration error before it, and the scores before and after quantization.
    """
    return {
        "dixtill": run["dixtill"],
        "teacher": run["teacher"],
        "train": {"rows": len(texts.train), "sha256": run["training_texts"]},
        "valid": {"rows": len(texts.valid), "sha256": run["validation_texts"]},
        "texts_without_labels": found["texts_without_labels"],
        "config": asdict(config),
        "best_epoch": found["best_epoch"],
        "temperature": found["temperature"],
        "uncalibrated_error": found["uncalibrated_error"],
        "valid_scores": found["valid_scores"],
        "teacher_name": teacher.name if teacher else None,
        "int8_scores": found["int8_scores"],
        "attributions": attribution.as_dict() if attribution else None,
    }
