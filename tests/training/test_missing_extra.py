"""Without the extra `train`, the training side says what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import importlib, importlib.util, sys
absent = sys.argv[1].split(",")
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in absent else find_spec(name, *rest)
import dixtill
assert "torch" not in sys.modules
try:
    importlib.import_module(sys.argv[2])
except dixtill.errors.MissingExtraError as error:
    assert isinstance(error, ImportError)
    print(error)
"""


@pytest.mark.parametrize(
    ("modules", "packages"),
    [("captum", "captum"), ("sklearn", "scikit-learn"), ("torch,pyarrow", "torch, pyarrow")],
)
@pytest.mark.parametrize(
    "imported", ["dixtill.training", "dixtill.demo.pipeline", "dixtill.sklearn"]
)
def test_a_missing_package_is_named_with_the_way_to_install_it(modules, packages, imported):
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, modules, imported],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == (
        f"this needs {packages}, not installed here; "
        "install the extra with: pip install 'dixtill[train]'\n"
    )


def test_export_names_its_own_extra():
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, "onnx", "dixtill.export.onnx_graph"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == (
        "this needs onnx, not installed here; install the extra with: pip install 'dixtill[onnx]'\n"
    )
