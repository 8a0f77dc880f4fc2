"""Inference needs NumPy and safetensors alone: shown in a process that can import nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tiny_students import random_model

import dixtill
from dixtill.runtime.model_file import source
from dixtill.specification.model_file import write_model

HEAVY = [
    "torch", "transformers", "captum", "tokenizers", "sklearn", "datasets", "pandas", "polars",
    "onnx", "huggingface_hub", "pyarrow", "tqdm",
    "ray",
]  # fmt: skip
REFUSE_HEAVY = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise AssertionError(f"{{name}} was imported")

sys.meta_path.insert(0, Refuse())
"""


def run_alone(code, *arguments):
    """Last line that `code` prints in its own process, where the heavy packages cannot come in."""
    done = subprocess.run(
        [sys.executable, "-c", REFUSE_HEAVY + code, *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.fixture
def path(tmp_path):
    write_model(random_model(), tmp_path / "student.safetensors")
    return tmp_path / "student.safetensors"


def test_importing_dixtill_imports_no_numpy():
    assert run_alone("import dixtill; print('numpy' in sys.modules)") == "False"


def test_answering_imports_no_numpy(path):
    code = """
import dixtill
list(dixtill.load(sys.argv[1])(["up", "down"])[0].words)
print("numpy" in sys.modules)
"""
    assert run_alone(code, path) == "False"


def test_a_student_loads_and_answers_without_the_training_packages(path):
    code = f"""
import dixtill, json
prediction = dixtill.load(sys.argv[1])("Apple shares up")
assert not set({HEAVY}) & set(sys.modules)
print(json.dumps(prediction.to_dict()))
"""
    expected = dixtill.load(path)("Apple shares up").to_dict()
    assert json.loads(run_alone(code, path)) == expected


def test_infer_answers_with_the_shipped_student_loaded_once(path, monkeypatch):
    monkeypatch.setattr(source, "SHIPPED_MODEL", path)
    dixtill._shipped.clear()
    try:
        first = dixtill.infer("shares up")
        path.unlink()
        assert dixtill.infer(["shares up"]) == [first] == [dixtill.infer("shares up")]
    finally:
        dixtill._shipped.clear()


def test_a_missing_shipped_student_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "SHIPPED_MODEL", tmp_path / "none.safetensors")
    with pytest.raises(dixtill.DixtillError, match=r"missing from this installation.*install"):
        dixtill.load()


def test_the_public_names_exist():
    assert all(hasattr(dixtill, name) for name in dixtill.__all__)
