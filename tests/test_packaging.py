"""What is installed: one version everywhere, every data file, and nothing heavy."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

import dixtill

ROOT = Path(__file__).parents[1]
PACKAGE = Path(dixtill.__file__).parent
MAX_MODEL_BYTES = 700_000


def test_the_version_is_the_same_everywhere():
    project = _first(r'^version = "(.+)"$', ROOT / "pyproject.toml")
    citation = _first(r"^version: (.+)$", ROOT / "CITATION.cff")
    assert {project, citation, metadata.version("dixtill")} == {dixtill.__version__}


def _first(pattern: str, path: Path) -> str:
    found = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{path} has no line {pattern}"
    return found[1]


@pytest.mark.parametrize(
    "name",
    [
        "py.typed", "_native.pyi", "specification/unicode.json",
        "runtime/show/words.css", "pages/page.css", "pages/page.js",
        "architecture_search/page/page.css", "architecture_search/page/page.js",
    ],
)  # fmt: skip
def test_a_data_file_is_installed(name):
    assert (PACKAGE / name).is_file()


def test_the_shipped_student_is_small():
    assert Path(dixtill.SHIPPED_MODEL).stat().st_size <= MAX_MODEL_BYTES


def test_the_base_installation_needs_nothing():
    assert [line for line in metadata.requires("dixtill") or [] if "extra ==" not in line] == []


def test_constraints_are_exact_and_name_no_place():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [
        line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)
    ] == []
    assert {"clang-format", "mypy", "numpy", "pytest", "ruff", "torch"} <= {
        line.split("==")[0] for line in pins
    }
