"""Functions, files and folders can be read in one go, but for those that have a reason."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("python", "csrc", "benchmarks", "tools", "tests")
MAX_LINES = {".py": 300, ".h": 400, ".cpp": 400}
MAX_FUNCTION_LINES = 60
MAX_FILES = 12  # in a stage of the distillation

SPLIT_NEXT = "its tests are of one subject; split it when it grows"
LONG_FILES = {
    "tests/distillation/test_attribution_store.py": SPLIT_NEXT,
    "tests/distillation/test_attributions.py": SPLIT_NEXT,
    "tests/distillation/test_report.py": SPLIT_NEXT,
    "tests/distillation/test_teacher.py": SPLIT_NEXT,
    "tests/native/test_tokenizer.py": SPLIT_NEXT,
    "tests/outputs/test_whole_file.py": SPLIT_NEXT,
    "tests/runtime/test_classifier.py": SPLIT_NEXT,
    "tests/streams/test_formats.py": SPLIT_NEXT,
    "tests/streams/test_interruption.py": SPLIT_NEXT,
    "tests/test_cli.py": SPLIT_NEXT,
}
LONG_FUNCTIONS = {
    "python/dixtill/distillation/distill.py distil": "the order of the steps is its content",
    "python/dixtill/sklearn/estimator.py __init__": "scikit-learn wants each setting by its name",
}


def sources() -> dict[str, Path]:
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    return {str(path.relative_to(ROOT)): path for path in paths if path.suffix in MAX_LINES}


def num_lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_no_file_is_long():
    long = {name for name, path in sources().items() if num_lines(path) > MAX_LINES[path.suffix]}
    assert long - LONG_FILES.keys() == set()


def test_no_function_is_long():
    long = {
        f"{name} {node.name}"
        for name, path in sources().items()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    }
    assert long - LONG_FUNCTIONS.keys() == set()


def test_a_stage_of_the_distillation_has_few_files():
    folders = (path for path in (ROOT / "python/dixtill/distillation").rglob("*") if path.is_dir())
    assert not [folder for folder in folders if len(list(folder.glob("*.py"))) > MAX_FILES]
