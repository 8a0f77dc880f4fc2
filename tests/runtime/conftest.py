"""A student with random weights, in a file and as a classifier."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_students import random_model

from dixtill.runtime.classifier import Classifier
from dixtill.specification.model_file import write_model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a good student."""
    write_model(random_model(), tmp_path / "student.safetensors")
    return tmp_path / "student.safetensors"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(random_model())
