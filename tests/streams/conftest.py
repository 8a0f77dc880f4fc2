"""Fixtures: a student with random weights, and a working folder."""

from __future__ import annotations

import pytest
from tiny_students import model_with_familiarity

from dixtill.specification.model_file import write_model


@pytest.fixture(scope="session")
def student(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("student") / "student.safetensors"
    write_model(model_with_familiarity(), path)
    return str(path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path
