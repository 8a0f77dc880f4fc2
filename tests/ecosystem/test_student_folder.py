"""Wherever a student is expected, a folder with a student.safetensors will do."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest
from tiny_students import random_model

import dixtill
from dixtill import hub
from dixtill.bulk.scores import Scoring
from dixtill.cli import _parser, main
from dixtill.errors import ModelFileError
from dixtill.runtime.classifier import load_classifier
from dixtill.runtime.model_file.loaded import load_model
from dixtill.specification.model_file import read_model, write_model

ROWS = "text,label\nshares jump,down\nprofit falls,up\nup,up\ndown,down\n"
COMMANDS = {
    "card": ["card", "--out", "card"],
    "evaluate": ["evaluate", "--data", "test.csv"],
    "explain": ["explain", "--html", "page.html", "shares jump"],
    "export": ["export", "--onnx", "student.onnx"],
    "infer": ["infer", "--json", "shares jump"],
    "info": ["info", "--json"],
    "score": ["score", "--data", "test.csv", "--out", "scores"],
}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder `student` in the working directory, and the same student as `s.safetensors`."""
    (tmp_path / "student").mkdir()
    (tmp_path / "empty").mkdir()
    model = random_model(labels=("down", "up"))
    write_model(model, tmp_path / "student" / "student.safetensors")
    write_model(model, tmp_path / "s.safetensors")
    (tmp_path / "test.csv").write_text(ROWS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return Path("student")


def commands_with_a_student() -> set[str]:
    (subparsers,) = (
        action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return {
        name
        for name, parser in subparsers.choices.items()
        if "--model" in parser._option_string_actions
    }


def test_every_command_with_a_student_is_among_these():
    assert commands_with_a_student() == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("folder")
def test_every_command_takes_a_folder_as_it_takes_the_file_in_it(command, capsys):
    outputs = []
    for model in ("student", "student/", str(Path("student").absolute()), "s.safetensors"):
        assert main([*COMMANDS[command], "--model", model]) == 0
        outputs.append(capsys.readouterr().out)
    if command in ("evaluate", "infer"):
        assert len(set(outputs)) == 1
    if command == "info":
        assert all(
            '"file": "' in output and "student.safetensors" in output for output in outputs[:3]
        )
        assert len({output.partition('"bytes"')[2] for output in outputs}) == 1
    if command == "card":
        assert Path("card/student.safetensors").read_bytes() == Path("s.safetensors").read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("", "expected a student"),
        ("none", "none: there is no such file, expected a student"),
        ("empty", "is a folder without a student.safetensors"),
        ("test.csv", "test.csv: is not a safetensors file"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_every_command_refuses_other_files_in_one_sentence(command, model, expected, capsys):
    assert main([*COMMANDS[command], "--model", model]) == 2
    output, error = capsys.readouterr()
    assert output == ""
    assert error.startswith("dixtill: ")
    assert expected in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "read",
    [dixtill.load, load_classifier, load_model, read_model, hub.from_pretrained],
    ids=lambda read: f"{read.__module__}.{read.__qualname__}",
)
def test_every_function_takes_a_folder(read, folder):
    for path in (folder, str(folder), f"{folder}/"):
        read(path)
    with pytest.raises(ModelFileError, match=r"without a student\.safetensors"):
        read(".")


@pytest.mark.parametrize("kind", ["folder", "file", "bytes", "open file"])
def test_a_card_can_be_made_of_any_source(kind, folder, tmp_path):
    content = (folder / "student.safetensors").read_bytes()
    source = {
        "folder": folder,
        "file": folder / "student.safetensors",
        "bytes": content,
        "open file": io.BytesIO(content),
    }[kind]
    hub.save_pretrained(source, tmp_path / "out")
    assert (tmp_path / "out" / "student.safetensors").read_bytes() == content
    assert f"{len(content):,} bytes" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_scores_of_a_folder_go_on_with_its_file(folder):
    def scoring(model: Path) -> Scoring:
        return Scoring(Path("test.csv"), Path("scores"), model)

    assert [sum(done) for done in scoring(folder).run()] == [4]
    assert [done.reused for done in scoring(folder / "student.safetensors").run()] == [4]
