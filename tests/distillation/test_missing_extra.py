"""Without the extra `train`, everything that trains says what to install."""

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
    [
        ("captum", "captum, which is"),
        ("sklearn", "scikit-learn, which is"),
        ("torch,pyarrow", "torch, pyarrow, which are"),
    ],
)
@pytest.mark.parametrize(
    "imported", ["dixtill.distillation.course", "dixtill.demo.pipeline", "dixtill.sklearn"]
)
def test_a_missing_package_is_named_with_the_way_to_install_it(modules, packages, imported):
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, modules, imported],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == (
        f"this needs {packages} not installed; "
        "install the extra with: pip install 'dixtill[train]'\n"
    )


def test_settings_need_no_extra():
    script = (
        "import sys; sys.modules['torch'] = sys.modules['numpy'] = sys.modules['rich'] = None\n"
        "from dixtill.distillation.config import DistillConfig\n"
        "print(DistillConfig.of('kl').epochs)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "10\n"


COMMANDS = """
import sys

class Without:
    "A finder that has never heard of some packages."

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, *rest):
        is_absent = name.partition(".")[0] in sys.argv[1].split(",")
        return None if is_absent else self.finder.find_spec(name, *rest)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
from dixtill.cli import main
sys.exit(main(sys.argv[2:]))
"""
NOTHING = (
    "numpy,torch,transformers,captum,sklearn,pyarrow,tqdm,rich,accelerate,safetensors,scipy,"
    "matplotlib,onnx,ray,datasets,huggingface_hub"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "finetune --base b --train t.csv --out o",
        "attribute --teacher t --data t.csv --out o",
        "distill --teacher t --train t.csv --out o",
        "evaluate --data t.csv",
        "demo",
        "score --data d --out o",
        "explain --png p.png up",
        "export --onnx o.onnx",
        "card --data t.csv --out o",
        "infer --input t.csv --output o.parquet",
    ],
)
def test_each_command_says_what_it_misses_where_nothing_else_is_installed(command, tmp_path):
    (tmp_path / "t.csv").write_text("text,label\nup,bullish\n")
    answer = subprocess.run(
        [sys.executable, "-c", COMMANDS, NOTHING, *command.split()],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert "install the extra with: pip install 'dixtill[" in answer.stderr


def test_export_names_its_own_extra():
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, "onnx", "dixtill.export.onnx_graph"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == (
        "this needs onnx, which is not installed; "
        "install the extra with: pip install 'dixtill[onnx]'\n"
    )


def test_evaluating_imports_no_torch(tmp_path):
    """Importing it would take longer than the rest."""
    (tmp_path / "t.csv").write_text("text,label\nShares soar,bullish\nProfit falls,bearish\n")
    code = "import dixtill.cli, sys; dixtill.cli.main(sys.argv[1:]); print('torch' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code, "evaluate", "--data", str(tmp_path / "t.csv")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.splitlines()[-1] == "False"
