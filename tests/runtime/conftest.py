"""A model file with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_students import random_model

from dixtill.specification.model_file import write_model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a good student."""
    write_model(random_model(), tmp_path / "student.safetensors")
    return tmp_path / "student.safetensors"
