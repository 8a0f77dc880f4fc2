"""A student with random weights, in a file whose path is an argument."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_students import random_model

from dixtill.specification.model_file import write_model


@pytest.fixture
def student(tmp_path: Path) -> str:
    """Path of a student's file, as an argument."""
    write_model(random_model(), tmp_path / "student.safetensors")
    return str(tmp_path / "student.safetensors")
