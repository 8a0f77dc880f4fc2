"""Calibrates a student, and puts what calibrates it into its head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch

from ..data.scale import Scale
from ..network.student import Student
from .examples import Examples
from .float_answers import logits_of, score
from .outputs.rules import Temperature


def calibrate(student: Student, valid: Examples, is_wanted: bool) -> dict[str, Any]:
    """Fold a temperature that fits validation texts into the student, if it is wanted.

    Several labels have a temperature each; a number has none.

    Returns the temperature, and the calibration error before it, None for numbers.

    Raises:
        InputError: a logit is not finite.
    """
    error = asdict(score(student, valid)).get("calibration_error")
    temperature: Temperature = 1.0
    if is_wanted:
        temperature = valid.rules.temperature(logits_of(student, valid), valid.labels)
    found = {"temperature": temperature, "uncalibrated_error": error}
    divide_logits(student, temperature)
    return found


def put_unit_into(student: Student, scale: Scale) -> dict[str, Any]:
    """Let a student that gives standardized numbers give them in the user's unit.

    Returns what the provenance says of it: nothing if there is no unit.
    """
    if scale == Scale():
        return {}
    scale.put_into(student.head)
    return {"scale": scale._asdict()}


def repeat_calibration(student: Student, provenance: Mapping[str, Any]) -> None:
    """Do to an uncalibrated student what its file's provenance says was done."""
    divide_logits(student, provenance.get("temperature", 1.0))
    put_unit_into(student, Scale(**provenance.get("scale", {})))


@torch.no_grad()
def divide_logits(student: Student, temperature: Temperature) -> None:
    """Scale the student's head, which divides its logits and each word's share by `temperature`.

    The logits of several labels are divided by one number each.
    """
    divisor = torch.tensor(temperature)
    student.head.weight.div_(divisor[:, None] if divisor.dim() else divisor)
    student.head.bias.div_(divisor)
