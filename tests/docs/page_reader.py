"""Reads the code blocks of a page, runs them as its reader would, and compares what they print.

A page's blocks run in order, in one folder, and its Python blocks share their names. In Markdown:

- a block of `sh` is run by bash, one of `python` by Python, one of `pycon` is a doctest;
- one of `text`, or of no language, right after such a block is what that prints, without standard
  error or with that at its end; `...` stands for anything, and a comment `numbers vary` before
  either lets every number be another one;
- a block with a title (```python title="service.py"```) is the file of that name;
- a comment `not run: REASON` before a block leaves it out; `run as: COMMANDS` has others run in
  its place, which do what the block does where the package is installed. Tests count both.

Blocks of other languages (json, html) are read, not run.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
SHELLS, PYTHON, DOCTEST, OUTPUTS = ("sh", "bash"), "python", "pycon", ("", "text")
_COMMENT = re.compile(r"<!--\s*(not run|run as|numbers vary)(?::\s*(.*?))?\s*-->", re.DOTALL)
_NUMBER = re.compile(r"[ ]*[+-]?\d[\d,]*(?:\.\d+)?")  # with the spaces that align it
_DOCTEST_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A fenced block, with what the comment before it says of it."""

    language: str
    title: str  # of a file, or empty
    code: str
    line: int  # of its first line of code, from 1
    remark: str  # "not run", "run as", "numbers vary" or empty
    argument: str  # what follows the remark


def blocks_of(page: Path) -> list[Block]:
    """The page's blocks, in order."""
    found, remark = [], ("", "")
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence":
            language, _, rest = token.info.strip().partition(" ")
            title = re.search(r'title="([^"]+)"', rest)
            line = (token.map or [0])[0] + 2
            found.append(Block(language, title[1] if title else "", token.content, line, *remark))
        comment = _COMMENT.fullmatch(token.content.strip()) if token.type == "html_block" else None
        remark = (comment[1], comment[2] or "") if comment else ("", "")
    return found


def is_code(block: Block) -> bool:
    """Whether the block is something to run."""
    return block.language in (*SHELLS, PYTHON, DOCTEST) and not block.title


class Reader:
    """Does what a page says, in the current folder.

    Programs are those in the folder `programs`, if given, or else of this environment.
    """

    def __init__(self, page: Path, programs: Path | None = None) -> None:
        self._page = page
        self._programs = programs
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self._printed: tuple[str, ...] | None = None  # by the block before, if one was run
        self._vary = False  # the numbers that it prints

    def run(self, block: Block) -> None:
        """Run the block, write it as a file, or compare it with what was printed."""
        printed, self._printed = self._printed, None
        vary, self._vary = self._vary, block.remark == "numbers vary"
        if block.title:
            path = Path(block.title)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code, encoding="utf-8")
        elif block.language in OUTPUTS:
            if printed is not None:
                compare(block, printed, self._place(block), vary or self._vary)
        elif is_code(block) and block.remark != "not run":
            self._printed = self._run(block)

    def _run(self, block: Block) -> tuple[str, ...]:
        if block.language in SHELLS or block.remark == "run as":
            code = block.argument if block.remark == "run as" else block.code
            return _run_shell(code, self._programs)
        if block.language == DOCTEST:
            return self._run_doctest(block)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            # Line numbers of a traceback are the page's.
            padded = "\n" * (block.line - 1) + block.code
            exec(compile(padded, str(self._page), "exec"), self._names)
        return (printed.getvalue(),)

    def _run_doctest(self, block: Block) -> tuple[str, ...]:
        test = doctest.DocTestParser().get_doctest(
            block.code, self._names, self._page.name, str(self._page), block.line - 1
        )
        runner = doctest.DocTestRunner(verbose=False, optionflags=_DOCTEST_FLAGS)
        report = io.StringIO()
        runner.run(test, out=report.write, clear_globs=False)
        self._names.update(test.globs)
        assert not runner.failures, report.getvalue()
        return ("",)

    def _place(self, block: Block) -> str:
        return f"{self._page.name}, line {block.line}"


def _run_shell(code: str, programs: Path | None) -> tuple[str, ...]:
    """What bash prints, without standard error and with it."""
    folders = [*filter(None, [programs]), Path(sys.executable).parent, os.environ["PATH"]]
    search_path = os.pathsep.join(map(str, folders))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        env={**os.environ, "PATH": search_path, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, f"{code}\nends with {done.returncode}:\n{done.stderr}"
    return done.stdout, done.stdout + done.stderr


def compare(block: Block, printed: tuple[str, ...], place: str, vary: bool) -> None:
    """Assert that the block shows one of what was printed, but for white space at line ends."""
    expected, *actual = (
        _NUMBER.sub(" 0", _lines(text)) if vary else _lines(text) for text in (block.code, *printed)
    )
    pattern = re.escape(expected).replace(re.escape("..."), ".*?")
    assert any(re.fullmatch(pattern, text, re.DOTALL) for text in actual), (
        f"{place} shows\n{expected}\nnot\n{actual[-1]}"
    )


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def pages() -> list[Path]:
    """README.md, and each page of docs but the decisions, which have nothing to run."""
    found = sorted((ROOT / "docs").rglob("*.md"))
    return [ROOT / "README.md", *(page for page in found if page.parent.name != "adr")]
