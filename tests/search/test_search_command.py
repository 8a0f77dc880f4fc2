"""`dixtill search` and `dixtill.search`: arguments, what is printed, and the pick."""

from __future__ import annotations

import csv
import sys

import pytest
import tiny_teachers
from small_course import TRAIN, VALID
from small_search import SMALL, run

import dixtill
from dixtill.cli import main

QUICK = ["--objectives", "fidelity,size", "--trials", "3", "--generation", "3", "--epochs", "1",
         "--perturbed", "4", "--steps", "2", "--max-explained", "6", "--hidden-dim",
         "8"]  # fmt: skip


@pytest.fixture
def folder(bert, tmp_path, monkeypatch):
    """A working folder with a teacher and texts."""
    for part in tiny_teachers.build("bert"):
        part.save_pretrained(tmp_path / "teacher")
    for name, corpus in (("train.csv", TRAIN), ("valid.csv", VALID)):
        with open(tmp_path / name, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "label"))
            writer.writerows(zip(corpus.texts, corpus.labels, strict=True))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_search_is_printed_and_a_student_is_picked_then_or_later(folder, capsys):
    texts = ["--teacher", "teacher", "--train", "train.csv", "--valid", "valid.csv"]
    assert main(["search", *texts, *QUICK, "--pick", "best", "--out", "best.safetensors"]) == 0
    printed = capsys.readouterr()
    first, *rows, page, picked = printed.out.splitlines()
    assert first.split() == ["student", "fidelity", "size", "time"]
    assert rows
    assert page == "search/search.html: the front, what matters, and what the search took"
    assert picked.startswith("best.safetensors: student ")
    assert printed.err.splitlines()[0] == "students 1 to 3"
    assert (folder / "search" / "search.html").is_file()
    assert main(["search", "--pick", "smallest", "--out", "small.safetensors"]) == 0
    student = dixtill.load("small.safetensors")
    assert student.model.shape.hidden_dim == 8
    assert (folder / "small.safetensors").stat().st_size <= (
        folder / "best.safetensors"
    ).stat().st_size


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("", "give --teacher and --train to search, or --pick to choose a student"),
        ("--teacher teacher", "--teacher is given without --train"),
        ("--pick knee", "--pick and --out belong together"),
        ("--out s.safetensors --train train.csv", "--pick and --out belong together"),
        ("--pick knee --out s.safetensors", "search has no front.json: no generation of a search"),
        ("--pick knee --out absent/s.safetensors", "absent is not a folder"),
        ("--teacher teacher --train train.csv --max-size big", "max_size is 'big', expected"),
        ("--teacher teacher --train train.csv --max-bytes 5", "max_bytes cannot be given"),
        ("--teacher teacher --train train.csv --trials 0", "--trials is 0, which is out of range"),
        ("--teacher teacher --train train.csv --objectives speed", "unknown objective 'speed'"),
        ("--train train.csv --method none", "the objective 'fidelity' compares students"),
    ],
)
def test_a_mistake_is_one_sentence_and_makes_no_folder(folder, capsys, arguments, sentence):
    assert main(["search", *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (folder / "search").exists()


def test_energy_is_refused_with_the_reason(folder, capsys, monkeypatch):
    from dixtill.architecture_search import search as search_module

    monkeypatch.setattr(search_module.Counter, "of_machine", lambda: None)
    texts = ["--teacher", "teacher", "--train", "train.csv"]
    assert main(["search", *texts, "--objectives", "fidelity,energy"]) == 2
    assert "the objective 'energy' cannot be measured: " in capsys.readouterr().err


def test_the_function_stays_a_function_after_a_call(bert, tmp_path):
    """A module of its name would replace it in the package."""
    settings = {**SMALL, "trials": 1, "generation": 1, "epochs": 1, "objectives": "size"}
    for _ in range(2):
        found = dixtill.search(
            bert, TRAIN, VALID, out=tmp_path / "search", progress=False, **settings
        )
    assert len(found.front.points) == 1


def test_without_the_extra_its_name_is_said(folder, capsys, monkeypatch):
    from dixtill import extras

    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "optuna" else name)
    for name in [name for name in sys.modules if name.startswith("dixtill.architecture_search")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["search", "--teacher", "teacher", "--train", "train.csv"]) == 2
    assert "install the extra with: pip install 'dixtill[search]'" in capsys.readouterr().err


def test_the_line_is_drawn_again_on_a_terminal(capsys, monkeypatch):
    from dixtill.architecture_search.live_line import LiveLine
    from dixtill.architecture_search.points import Front
    from dixtill.architecture_search.trials.trainer import Job
    from dixtill.distillation.progress.watcher import Step

    line = LiveLine(is_shown=True, is_redrawn=True)
    line.on_done(Job(3, "short"), 2, 9, Front(("fidelity",), ()), 75.0)
    line._drawn_at = 0.0
    line.on_step(Step(5, 10, 1))
    shown = capsys.readouterr().err.split("\r")
    assert shown[1].rstrip() == "short course 2 of 9; no student yet; 1 min 15 s"
    assert shown[2].rstrip().endswith("; training 50%")
    assert "\n" not in "".join(shown)


def test_nothing_is_printed_if_nothing_is_to_be_shown(bert, tmp_path, capsys):
    run(bert, tmp_path / "search", trials=1, generation=1, epochs=1)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
