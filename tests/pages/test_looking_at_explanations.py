"""The commands and examples of docs/looking-at-explanations.md print what it shows."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

import dixtill
from dixtill.cli import main
from dixtill.runtime.show.html import words_html

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "looking-at-explanations.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n([^`]+)```\n\n```\n([^`]+)```", PAGE)


def without_sizes(text):
    """Mask sizes, which change with every letter of a page and with the installed fonts."""
    return re.sub(r"[\d,]+ bytes", "N bytes", text)


@pytest.mark.parametrize(("typed", "seen"), EXAMPLES)
def test_a_command_prints_what_is_written(typed, seen, tmp_path, monkeypatch, capsys):
    if "--png" in typed:
        pytest.importorskip("matplotlib", reason="draws with matplotlib")
    shutil.copy(DOCS / "examples" / "headlines.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    for line in typed.splitlines():
        name, *arguments = shlex.split(line)
        assert name == "dixtill"
        assert main(arguments) == 0
    assert without_sizes(capsys.readouterr().out) == without_sizes(seen)


def test_the_page_has_commands():
    assert len(EXAMPLES) == 4


def test_the_python_makes_what_is_written():
    begin = re.search(r"^# '(.+)\.\.\.$", PAGE, re.MULTILINE)[1]
    assert words_html(dixtill.infer("Profit falls <again>")).startswith(begin.strip())


@pytest.mark.parametrize("name", re.findall(r"\]\((images/.+?)\)", PAGE))
def test_a_picture_is_there_and_small(name):
    assert 10_000 < (DOCS / name).stat().st_size < 150_000
