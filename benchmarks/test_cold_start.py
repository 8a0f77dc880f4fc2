"""From nothing to the first answer, each time in a process of its own; memory and disk too.

Measure an ordinary installation: an editable one that rebuilds itself looks for changed sources
at each import.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest

import dixtill
from dixtill.runtime.targets import native

from .contestants import TWEETS

GROUP = "a process of its own"
MEGABYTE = 1e6

# The peak of this process alone; ru_maxrss would inherit the parent's.
REPORT = """
import json, sys
status = open("/proc/self/status").read() if sys.platform == "linux" else ""
peak = next((int(l.split()[1]) for l in status.splitlines() if l.startswith("VmHWM")), None)
print(json.dumps({"answer": answer, "torch": "torch" in sys.modules, "peak_kb": peak}))
"""
NEEDED = {
    "import torch": ("torch",),
    "Python alone": (),
    "import dixtill": ("dixtill",),
    "dixtill's first answer": ("dixtill", "numpy", "safetensors"),
}


def program(name: str, student_path: Path) -> str:
    """Python code that does what `name` says, then reports."""
    infer = f"import dixtill; answer = dixtill.load({str(student_path)!r})({TWEETS[12]!r}).label"
    first = {"Python alone": "", "dixtill's first answer": infer}.get(name, name)
    return f"answer = None\n{first}\n{REPORT}"


def run(code: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # a rebuild may print too
    return report


def installed_bytes(package: str) -> int:
    """Size of an installed distribution."""
    if package == "dixtill":  # whose files lie elsewhere in an editable installation
        folder = Path(dixtill.__file__).parent
        paths = {p for p in folder.rglob("*") if p.suffix != ".pyc"} | {Path(native.__file__)}
    else:
        paths = {Path(str(file.locate())) for file in files(package) or []}
    return sum(path.stat().st_size for path in paths if path.is_file())


@pytest.mark.parametrize("name", NEEDED)
def test_cold_start(benchmark: Any, student_path: Path, name: str) -> None:
    code = program(name, student_path)
    report = run(code)
    assert report["torch"] == (name == "import torch")
    labels = dixtill.load(student_path).labels
    assert report["answer"] in (labels if "answer" in name else (None,))
    benchmark.group = GROUP
    benchmark.extra_info["candidate"] = name
    benchmark.extra_info["installed_mb"] = sum(map(installed_bytes, NEEDED[name])) / MEGABYTE
    if report["peak_kb"]:
        benchmark.extra_info["peak_memory_mb"] = report["peak_kb"] * 1024 / MEGABYTE
    benchmark.pedantic(run, [code], rounds=5)
