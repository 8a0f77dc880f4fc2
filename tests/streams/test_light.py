"""CSV, JSON lines and text need only the standard library; Parquet names the missing extra."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from streaming import answered

SCRIPT = """
import importlib.util, sys
heavy = {"numpy", "pyarrow", "tqdm", "torch", "pandas"}
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in heavy else find_spec(name, *rest)
from dixtill.cli import main
code = main(sys.argv[1:])
assert not heavy & set(sys.modules), heavy & set(sys.modules)
sys.exit(code)
"""


def infer_alone(student, *arguments):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, "infer", "--model", student, *arguments],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "SKBUILD_EDITABLE_VERBOSE": "0"},
    )  # fmt: skip


@pytest.mark.parametrize("output", ["out.csv", "out.jsonl"])
@pytest.mark.parametrize("name", ["in.csv", "in.jsonl", "in.txt"])
def test_nothing_heavy_is_imported(student, folder, name, output):
    content = {"in.csv": "text\nup\n", "in.jsonl": '{"text": "up"}\n', "in.txt": "up\n"}[name]
    (folder / name).write_text(content)
    done = infer_alone(student, "--input", name, "--output", output)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("1 row, 0 bad rows, ")
    assert [row["text"] for row in answered(folder / output)] == ["up"]


@pytest.mark.parametrize(("name", "output"), [("in.parquet", "o.csv"), ("in.csv", "o.parquet")])
def test_parquet_without_pyarrow_names_the_extra(student, folder, name, output):
    (folder / name).write_text("text\nup\n")
    done = infer_alone(student, "--input", name, "--output", output)
    assert done.returncode == 2
    assert done.stderr == (
        "dixtill: this needs pyarrow, which is not installed; "
        "install the extra with: pip install 'dixtill[score]'\n"
    )
