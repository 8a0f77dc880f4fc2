"""Chooses what a student decides by: the thresholds of labels, or the interval of a number."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ..config import OutputKind
from .calibration_error import FloatArray
from .interval import conformal_half_width
from .thresholds import thresholds_for_f1, thresholds_for_precision


def decisions(
    output: OutputKind,
    targets: npt.NDArray[Any],
    answers: FloatArray,
    precision: float | None = None,
) -> dict[str, Any]:
    """Return the settings of a student's file that follow from its answers to validation texts.

    Args:
        output: the kind of the answers.
        targets: of the texts, as `Corpus.targets` has them.
        answers: probabilities [N, C], or numbers [N, 1].
        precision: what the thresholds are chosen for; None chooses the best F1.

    Returns:
        `thresholds` of several labels, `interval` of a number, nothing of one label.
    """
    if output == "sigmoid":
        found = (
            thresholds_for_f1(targets, answers)
            if precision is None
            else thresholds_for_precision(targets, answers, precision)
        )
        return {"thresholds": tuple(found)}
    if output == "number":
        return {"interval": conformal_half_width(targets, answers)}
    return {}
