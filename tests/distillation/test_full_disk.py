"""A full disk and truncated files give a one-sentence error, and leave existing files alone.

A limit of the operating system stands in for the full disk: no file of this process may grow beyond
it (RLIMIT_FSIZE), so that the libraries themselves fail to write.
"""

from __future__ import annotations

import csv
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny_teachers

from dixtill.cli import main

pytestmark = pytest.mark.slow

LABELS = ("bearish", "bullish", "neutral")
TRAINING = ("--train", "train.csv", "--valid", "train.csv")
SMALL = ("--epochs", "2", "--embedding-dim", "6", "--hidden-dim", "5", "--perturbed", "2")
COMMANDS = {
    "attribute": ("--teacher", "teacher", "--data", "train.csv", "--out", "out", "--steps", "2"),
    "distill": ("--teacher", "teacher", *TRAINING, "--out", "out", *SMALL, "--steps", "2"),
    "finetune": ("--base", "teacher", *TRAINING, "--out", "out", "--epochs", "2"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a teacher and labeled texts."""
    model, tokenizer = tiny_teachers.build("bert")
    model.save_pretrained(tmp_path / "teacher")
    tokenizer.save_pretrained(tmp_path / "teacher")
    with open(tmp_path / "train.csv", "w", newline="", encoding="utf-8") as file:
        rows = [(text, LABELS[row % 3]) for row, text in enumerate(tiny_teachers.TEXTS)]
        csv.writer(file).writerows([("text", "label"), *rows])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes inside the context."""
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN  # as Python sets it
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("command", "size"),
    [
        ("attribute", 100),
        ("distill", 100),  # the claim
        ("distill", 3_000),  # the explanations
        ("distill", 12_000),  # the checkpoint
        ("finetune", 100),
        ("finetune", 1_000),  # the model
        ("finetune", 80_000),  # the optimizer
    ],
)
def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(command, size, capsys):
    with files_up_to(size):
        code = main([command, *COMMANDS[command]])
    error = capsys.readouterr().err.splitlines()
    assert code == 2, error
    assert error[-1].startswith("dixtill: ")
    assert "File too large" in error[-1] or "cannot be written" in error[-1]
    assert [line.startswith("dixtill: ") for line in error].count(True) == 1
    assert not Path("out").is_file()
    assert not list(Path().rglob("*.tmp"))
    assert main([command, *COMMANDS[command]]) == 0


def test_a_student_stays_where_its_successor_does_not_fit(folder, capsys):
    assert main(["distill", *COMMANDS["distill"]]) == 0
    before = contents(folder)
    with files_up_to(len(before["out"]) - 1):
        assert main(["distill", *COMMANDS["distill"], "--embedding-bits", "8"]) == 2
    assert "out" in capsys.readouterr().err
    assert contents(folder) == before


def test_a_report_that_does_not_fit_takes_no_student_with_it(folder, capsys):
    assert main(["distill", *COMMANDS["distill"]]) == 0
    before = contents(folder)
    (folder / "out").unlink()
    with files_up_to(len(before["out"])):
        assert main(["distill", *COMMANDS["distill"]]) == 0
    assert "out is whole, but out.run/report.html could not be written" in capsys.readouterr().err
    assert contents(folder) == before


def test_each_file_of_a_run_folder_may_be_cut(folder, capsys):
    """A second run gives the same student, or an error that names the file."""
    assert main(["distill", *COMMANDS["distill"]]) == 0
    shutil.move("out.run", "whole")
    before = contents(folder / "whole")
    student = Path("out").read_bytes()
    assert {Path(name).suffix for name in before} == {
        ".html", ".json", ".jsonl", ".npy", ".parquet", ".pt"
    }  # fmt: skip
    for name, content in before.items():
        for length in (0, len(content) // 2, len(content) - 1):
            shutil.rmtree("out.run", ignore_errors=True)
            shutil.copytree("whole", "out.run")
            Path("out.run", name).write_bytes(content[:length])
            Path("out").unlink(missing_ok=True)
            capsys.readouterr()
            code = main(["distill", *COMMANDS["distill"], "--no-report"])
            if code == 0:
                assert Path("out").read_bytes() == student
            else:
                assert code == 2
                assert Path(name).name in capsys.readouterr().err
                Path("out.run", name).unlink()
                if name == "config.json":
                    continue  # nothing else says what the run was made of
                assert main(["distill", *COMMANDS["distill"], "--no-report"]) == 0
                assert Path("out").read_bytes() == student
