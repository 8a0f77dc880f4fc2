"""Each function, file and folder is short enough to be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("python", "csrc", "benchmarks", "tools", "tests")
MAX_LINES = {".py": 300, ".h": 400, ".cpp": 400}
MAX_FUNCTION_LINES = 60
MAX_FILES = 12  # in a stage of the distillation


def sources() -> dict[str, Path]:
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    return {str(path.relative_to(ROOT)): path for path in paths if path.suffix in MAX_LINES}


def num_lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_no_file_is_long():
    long = {name for name, path in sources().items() if num_lines(path) > MAX_LINES[path.suffix]}
    assert long == set()


def test_no_function_is_long():
    long = {
        f"{name} {node.name}"
        for name, path in sources().items()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    }
    assert long == set()


def test_a_stage_of_the_distillation_has_few_files():
    folders = (path for path in (ROOT / "python/dixtill/distillation").rglob("*") if path.is_dir())
    assert not [folder for folder in folders if len(list(folder.glob("*.py"))) > MAX_FILES]


def test_no_two_files_of_tests_have_one_name():
    """pytest imports a test file by its name alone."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)
