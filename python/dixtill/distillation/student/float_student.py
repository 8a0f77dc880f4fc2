"""Loads from a run folder the float student from which a model file was quantized."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ...errors import InputError
from ...specification.model_file import StudentModel
from ..finite import check_parameters
from ..network.student import Student
from .calibration import repeat_calibration


def float_student(run_folder: Path, model: StudentModel) -> Student:
    """Load the student of the best epoch, calibrated like the file's, in evaluation mode.

    Raises:
        InputError: the folder holds no run, or not the run that made the model, or parameters that
            are not finite.
    """
    parameters = _best_parameters(run_folder)
    student = Student(model.shape).eval()
    try:
        student.load_state_dict(parameters)
        repeat_calibration(student, model.settings.provenance)
    except (RuntimeError, TypeError, ValueError) as error:
        raise _another_run(run_folder) from error
    # The file holds the bias in float32, and no two runs end with the same bias.
    if not np.array_equal(student.head.bias.detach().numpy(), model.parameters.head_bias):
        raise _another_run(run_folder)
    check_parameters(student.state_dict(), f"the student in {run_folder}")
    return student


def _best_parameters(run_folder: Path) -> dict[str, torch.Tensor]:
    path = run_folder / "checkpoint.pt"
    if not path.is_file():
        raise InputError(f"{run_folder} holds no run; `dixtill distill` names its folder OUT.run")
    try:
        parameters: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["best_parameters"]
    except Exception as error:  # pickle, zipfile and torch raise many kinds
        raise InputError(f"{path} cannot be read as a run's checkpoint: {error}") from error
    return parameters


def _another_run(run_folder: Path) -> InputError:
    return InputError(f"{run_folder} holds another run than the one that made the model file")
