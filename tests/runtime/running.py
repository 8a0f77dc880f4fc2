"""Programs in processes of their own, for tests of how a process lives and ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def run_program(code: str, *arguments: object, timeout: float = 120) -> subprocess.CompletedProcess:
    """`code` in a new interpreter that finds what tests import; its output is text."""
    path = os.pathsep.join([str(TESTS), str(TESTS / "native")])
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=timeout,
        env={**os.environ, "PYTHONPATH": path, "SKBUILD_EDITABLE_VERBOSE": "0"},
    )  # fmt: skip
