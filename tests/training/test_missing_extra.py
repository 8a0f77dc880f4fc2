"""Without the extra `train`, the training side says what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import importlib.util, sys
absent = sys.argv[1].split(",")
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in absent else find_spec(name, *rest)
import dixtill
assert "torch" not in sys.modules
try:
    import dixtill.training
except dixtill.errors.MissingExtraError as error:
    assert isinstance(error, ImportError)
    print(error)
"""


@pytest.mark.parametrize(
    ("modules", "packages"),
    [("captum", "captum"), ("sklearn", "scikit-learn"), ("torch,pyarrow", "torch, pyarrow")],
)
def test_a_missing_package_is_named_with_the_way_to_install_it(modules, packages):
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, modules], capture_output=True, text=True, check=True
    )
    assert answer.stdout == (
        f"training needs {packages}, which is not installed; "
        "install them with: pip install 'dixtill[train]'\n"
    )
