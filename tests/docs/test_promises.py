"""docs/promises.md names the test that holds each promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "promises.md"
TEST = re.compile(r"`(tests/[\w/]+\.py::test_\w+)`")


def test_every_promise_names_a_test():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    promises = [row for row in rows if row not in ("| promise | test |", "|---|---|")]
    assert len(promises) > 30
    assert [row for row in promises if not TEST.search(row.split("|")[2])] == []


@pytest.mark.slow
def test_every_test_that_is_named_is_collected():
    named = sorted(set(TEST.findall(PAGE.read_text(encoding="utf-8"))))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *named],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    collected = {line.split("[")[0] for line in run.stdout.splitlines()}
    assert [test for test in named if test not in collected] == [], run.stdout + run.stderr
    assert run.returncode == 0, run.stdout + run.stderr
