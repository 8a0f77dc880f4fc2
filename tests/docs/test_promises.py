"""docs/promises.md names the test that holds each promise."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "promises.md"
NAMED = re.compile(r"`([^`]*::[^`]*)`")
COLLECTED = re.compile(r"(tests/(?:\w+/)*test_\w+\.py)::(test_\w+)")  # names that pytest collects


def test_every_promise_names_a_test():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    promises = [row for row in rows if row not in ("| promise | test |", "|---|---|")]
    assert len(promises) > 30
    assert [row for row in promises if not NAMED.search(row.split("|")[2])] == []


def test_every_test_that_is_named_exists():
    named = sorted(set(NAMED.findall(PAGE.read_text(encoding="utf-8"))))
    assert [test for test in named if not exists(test)] == []


def exists(test: str) -> bool:
    """Whether pytest finds the test: it is a function of its file, outside of any other."""
    name = COLLECTED.fullmatch(test)
    if name is None or not (ROOT / name[1]).is_file():
        return False
    statements = ast.parse((ROOT / name[1]).read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef) and node.name == name[2] for node in statements)
