"""Each page does what it says: its blocks are run in order, and what they print is compared."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from forked_commands import HEAVY, write_programs
from page_reader import ROOT, Block, Reader, blocks_of, is_code, pages

from dixtill.distillation.config import DistillConfig
from dixtill.distillation.student.objective import total_loss

# Blocks that are not run, or run as others, and pages that may have so many of them. Each says
# why in its comment. Change a number here with the page.
NOT_RUN = {
    "README.md": 4,
    "docs/checking.md": 1,
    "docs/explaining.md": 2,
    "docs/files-and-pipes.md": 1,
    "docs/how-to/own-data.md": 1,
    "docs/how-to/own-teacher.md": 1,
    "docs/how-to/raspberry-pi.md": 3,
    "docs/how-to/search.md": 2,
    "docs/how-to/web-service.md": 1,
    "docs/looking-at-explanations.md": 1,
    "docs/ray.md": 3,
    "docs/results.md": 5,
    "docs/shipped-student.md": 1,
    "docs/training.md": 1,
    "docs/tutorial.md": 1,
}

# Pages whose commands train something, or start many processes.
SLOW = {
    "README.md",
    "docs/ecosystem.md",
    "docs/how-to/own-data.md",
    "docs/how-to/numbers.md",
    "docs/how-to/own-teacher.md",
    "docs/how-to/search.md",
    "docs/how-to/several-labels.md",
    "docs/looking-at-explanations.md",
    "docs/tutorial.md",
}

# In slow pages, commands run in forks of a process that has imported PyTorch. Each command that
# imports much has a page where it starts a process of its own, as it does for a reader.
NEW_PROCESS = {
    "README.md": "finetune distill",
    "docs/ecosystem.md": "card",
    "docs/how-to/own-data.md": "evaluate",
    "docs/how-to/search.md": "search",
    "docs/tutorial.md": "attribute",
}

KNOWN = {"sh", "bash", "python", "pycon", "text", "", "json", "csv", "html", "toml"}
EXAMPLES = ROOT / "docs" / "examples"  # files that pages name and do not write
_FEW = 60  # rows of the tutorial's files, where another page uses such files


def prepare_own_texts(python: str | Path) -> None:
    """Make what README's student needs: labeled texts and a small encoder, as in the tutorial."""
    tutorial = ROOT / "docs" / "tutorial.md"
    files = [block for block in blocks_of(tutorial) if block.title]
    for block in files:
        Reader(tutorial).run(block)
        subprocess.run([python, block.title], check=True, capture_output=True)
    Path("encoder").rename("my-encoder")
    for file in Path().glob("*.csv"):
        file.write_text("".join(file.read_text().splitlines(keepends=True)[: _FEW + 1]))


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def with_its_marks(page: Path):
    """A page as a parameter; those that train something are slow."""
    name = name_of(page)
    return pytest.param(page, id=name, marks=pytest.mark.slow if name in SLOW else ())


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A copy of docs/examples to work in, whose modules are forgotten afterwards."""
    if EXAMPLES.exists():
        shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def slow_first() -> list[Path]:
    return sorted(pages(), key=lambda page: name_of(page) not in SLOW)


@pytest.fixture(scope="session")
def programs(tmp_path_factory, request) -> Path | None:
    """A folder with `dixtill` and `python` for slow pages; None where forks are not safe."""
    if sys.platform != "linux":
        return None
    folder = tmp_path_factory.mktemp("programs")
    write_programs(folder, request.getfixturevalue("command_server"))
    return folder


@pytest.mark.parametrize("page", [with_its_marks(page) for page in slow_first()])
def test_the_blocks_of(page, own_folder, monkeypatch, request):
    blocks, name = blocks_of(page), name_of(page)
    if not any(is_code(block) and block.remark != "not run" for block in blocks):
        pytest.skip("has no block to run")
    programs = request.getfixturevalue("programs") if name in SLOW else None
    monkeypatch.setenv("DIXTILL_NEW_PROCESS", NEW_PROCESS.get(name, ""))
    if name == "README.md":
        prepare_own_texts(programs / "python" if programs else sys.executable)
    reader = Reader(page, programs)
    for block in blocks:
        reader.run(block)


def test_the_blocks_that_are_not_run_are_counted():
    marked = {name_of(page): sum(map(is_left_out, blocks_of(page))) for page in pages()}
    assert {name: count for name, count in marked.items() if count} == NOT_RUN


def test_each_heavy_command_starts_a_process_of_its_own_on_a_page_that_runs_it():
    for name, commands in NEW_PROCESS.items():
        blocks = [block for block in blocks_of(ROOT / name) if block.language in ("sh", "bash")]
        run = "".join(block.code for block in blocks if block.remark != "not run")
        assert all(f"\ndixtill {command} " in f"\n{run}" for command in commands.split()), name
    assert {command for commands in NEW_PROCESS.values() for command in commands.split()} == HEAVY


def test_no_block_hides_what_is_to_be_run():
    """A block could hide as a shell session, or in a language that the reader does not know."""
    for page in pages():
        for block in blocks_of(page):
            assert block.language in KNOWN, f"{page}, line {block.line}: {block.language}"
            assert block.title or not block.code.startswith(("$ ", ">>> ")) or is_code(block), (
                f"{page}, line {block.line}: write commands as sh, and what they print as text"
            )


def is_left_out(block: Block) -> bool:
    assert block.argument or block.remark not in ("not run", "run as"), f"{block} without a reason"
    return block.remark in ("not run", "run as")


def test_the_losses_of_the_training_page_are_what_it_says_is_minimized():
    """Its run takes too long for a test, so its rows are checked against the formula."""
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    rows = re.findall(r"^ +\d((?:  +\d\.\d{4}){5})", page, re.MULTILINE)
    assert len(rows) == 6
    for row in rows:
        loss, task, kl, explanation, additivity = map(float, row.split())
        config = DistillConfig()
        terms = {"task": task, "kl": kl, "explanation": explanation, "additivity": additivity}
        total = total_loss(config, {name: torch.tensor(value) for name, value in terms.items()})
        assert loss == pytest.approx(float(total), abs=5e-4)
