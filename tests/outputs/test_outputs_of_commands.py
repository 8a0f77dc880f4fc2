"""No command overwrites an input or a special file, and permissions are kept."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from tiny_students import random_model

from dixtill.cli import main
from dixtill.specification.model_file import write_model

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes")
pytest.importorskip("pyarrow", reason="writes Parquet: pip install 'dixtill[score]'")

TABLE = "text,label\nshares up,bullish\nshares down,bearish\nshares,neutral\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a student, a table of texts, and links to both."""
    monkeypatch.chdir(tmp_path)
    write_model(random_model(), Path("s.safetensors"))
    Path("data.csv").write_text(TABLE)
    os.link("data.csv", "hard.csv")
    Path("soft.csv").symlink_to("data.csv")
    Path("data").mkdir()
    Path("data/more.csv").write_text(TABLE)
    return tmp_path


def complaint(arguments, capsys):
    assert main(arguments.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def contents():
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        "export --model s.safetensors --onnx s.safetensors",
        "explain --model s.safetensors --html data.csv --data data.csv",
        "explain --html hard.csv --data data.csv",
        "explain --png soft.csv --data data.csv",
        "explain --model s.safetensors --html s.safetensors up",
        "infer --input data.csv --output data.csv",
        "infer --input data.csv --output hard.csv",
        "infer --input soft.csv --output data.csv",
        "infer --input data.csv --output soft.csv --output-format parquet",
        "distill --teacher no/such --train data.csv --out data.csv",
        "distill --teacher no/such --train data.csv --valid data/more.csv --out data/more.csv",
        "distill --teacher no/such --train data.csv --exclude soft.csv --out hard.csv",
    ],
)
def test_an_output_that_is_an_input_is_refused(arguments, capsys):
    pytest.importorskip("torch", reason="trains: pip install 'dixtill[train]'")
    before = contents()
    assert "is the input; choose another" in complaint(arguments, capsys)
    assert contents() == before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        "distill --teacher data --train data.csv --out data/new.safetensors",
        "distill --teacher no/such --train data.csv --unlabeled data --out data/s.safetensors",
        "finetune --base no/such --train data.csv --out data/new --valid data",
        "attribute --teacher data --data data.csv --out data/attributions",
        "score --data data --out data/scores",
    ],
)
def test_an_output_in_an_input_folder_is_refused(arguments, capsys):
    pytest.importorskip("torch", reason="trains: pip install 'dixtill[train]'")
    before = contents()
    assert "is in " in (said := complaint(arguments, capsys))
    assert "whose files are read; choose another" in said
    assert contents() == before


def test_a_card_may_be_made_anew_in_the_students_own_folder(folder, capsys):
    pytest.importorskip("torch", reason="trains: pip install 'dixtill[train]'")
    (folder / "own").mkdir()
    write_model(random_model(), folder / "own" / "student.safetensors")
    before = (folder / "own" / "student.safetensors").read_bytes()
    assert main(["card", "--model", "own", "--out", "own"]) == 0
    assert (folder / "own" / "student.safetensors").read_bytes() == before
    (folder / "own" / "README.md").write_text(TABLE)
    capsys.readouterr()
    said = complaint("card --model own --out own --data own/README.md", capsys)
    assert "README.md is the input" in said


@pytest.mark.usefixtures("folder")
def test_standard_output_must_not_be_the_input(monkeypatch, capsys):
    with Path("data.csv").open("a") as appended:
        monkeypatch.setattr(sys, "stdout", appended)
        assert main(["infer", "--input", "data.csv"]) == 2
    assert (
        capsys.readouterr().err == "dixtill: standard output is the input; choose another output\n"
    )
    assert Path("data.csv").read_text() == TABLE


WHOLE = [
    "export --onnx {}",
    "explain --html {} up",
    "explain --png {} up",
    "infer --input data.csv --output {} --output-format parquet",
    "distill --teacher no/such --train data.csv --out {}",
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", WHOLE)
def test_a_whole_file_never_replaces_a_pipe(command, capsys):
    pytest.importorskip("torch", reason="trains: pip install 'dixtill[train]'")
    os.mkfifo("pipe")
    said = complaint(command.format("pipe"), capsys)
    assert "pipe is a named pipe, which cannot be replaced; name a regular file" in said
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", WHOLE)
@pytest.mark.parametrize(
    ("place", "sentence"),
    [("data", "data is a folder; name a file in it"), ("data.csv/x", "dixtill: data.csv")],
)
def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    command, place, sentence, capsys
):
    pytest.importorskip("torch", reason="trains: pip install 'dixtill[train]'")
    assert sentence in complaint(command.format(place), capsys)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", WHOLE[:4])
def test_a_rewritten_file_keeps_its_permissions(command):
    pytest.importorskip("onnx", reason="exports: pip install 'dixtill[onnx]'")
    pytest.importorskip("matplotlib", reason="draws: pip install 'dixtill[plot]'")
    file = Path("private")
    file.write_text("before")
    file.chmod(0o600)
    assert main(command.format(file).split()) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() != b"before"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "command",
    [
        "attribute --teacher no/such --data data.csv --out {}",
        "finetune --base no/such --train data.csv --out {}",
        "score --data data --out {}",
        "card --model s.safetensors --data data.csv --out {}",
        "demo --out {}",
    ],
)
@pytest.mark.parametrize("place", ["s.safetensors", "s.safetensors/new", "data.csv", "pipe"])
def test_an_output_folder_must_not_be_a_file(command, place, capsys):
    pytest.importorskip("torch", reason="trains: pip install 'dixtill[train]'")
    os.mkfifo("pipe")
    before = contents()
    complaint(command.format(place), capsys)
    assert contents() == before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("option", ["--tensorboard log", "--run log", "--attributions log"])
def test_a_folder_that_is_a_file_is_refused_before_the_work(option, capsys):
    pytest.importorskip("tensorboard", reason="logs: pip install 'dixtill[tensorboard]'")
    Path("log").touch()
    said = complaint(f"distill --teacher no/such --train data.csv --out s {option}", capsys)
    assert "log is " in said
