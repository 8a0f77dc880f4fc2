"""Scripts name files that exist, and the reference names objects that can be imported."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [".ci/run", "Makefile", *(f"tools/{path.name}" for path in (ROOT / "tools").glob("*.sh"))]
NAMED = re.compile(r"(?<![\w/.])(?:tests|tools|benchmarks|csrc)/[\w.{},*/-]*[\w}/]")
OBJECT = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_files_that_a_script_names(script):
    names = set(NAMED.findall((ROOT / script).read_text(encoding="utf-8")))
    assert names
    assert [name for name in sorted(names) if missing(name)] == []


def missing(name: str) -> list[str]:
    """Return what bash makes of a name with braces or asterisks, as far as it does not exist."""
    expand = ["bash", "-c", f"printf '%s\\n' {name}"]
    done = subprocess.run(expand, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in done.stdout.splitlines() if not (ROOT / path).exists()]


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "reference").glob("*.md")), ids=lambda page: page.name
)
def test_the_objects_of_a_reference_page(page):
    for name in OBJECT.findall(page.read_text(encoding="utf-8")):
        if name.startswith("dixtill.architecture_search"):
            pytest.importorskip("optuna", reason="searches need it: pip install 'dixtill[search]'")
        resolve_name(name)
