"""`dixtill distill` writes a report, says what hinders it, and shows its stages."""

from __future__ import annotations

import json
import os
import re
import select
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
import tiny_teachers
from forked_commands import Command

import dixtill
from dixtill.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with a teacher and labeled texts."""
    model, tokenizer = tiny_teachers.build("bert")
    for part in (model, tokenizer):
        part.save_pretrained(tmp_path / "teacher")
    rows = "".join(f"{tiny_teachers.TEXTS[i % 5]} {i},{i % 3}\n" for i in range(40))
    (tmp_path / "train.csv").write_text("text,label\n" + rows.replace('"', ""), encoding="utf-8")
    monkeypatch.chdir(tmp_path)


ARGUMENTS = [
    "--teacher", "teacher", "--train", "train.csv", "--epochs", "1", "--embedding-dim", "6",
]  # fmt: skip


def distill(out: str, *arguments: str) -> int:
    return main(["distill", *ARGUMENTS, "--out", out, *arguments])


@pytest.mark.usefixtures("folder")
def test_distill_writes_a_report_unless_told_not_to(capsys):
    assert distill("a.safetensors", "--method", "none") == 0
    assert "a.safetensors.run/report.html: curves" in capsys.readouterr().out
    page = Path("a.safetensors.run/report.html").read_text(encoding="utf-8")
    assert "dixtill infer --model a.safetensors" in page
    metrics = json.loads(Path("a.safetensors.run/metrics.jsonl").read_text().splitlines()[0])
    assert f"task, epoch 1: {metrics['terms']['task']:.4f}" in page
    assert distill("b.safetensors", "--method", "none", "--no-report") == 0
    assert not Path("b.safetensors.run/report.html").exists()


@pytest.mark.usefixtures("folder")
def test_a_report_that_fails_is_one_sentence_and_the_student_is_there(capsys):
    Path("s.safetensors.run/report.html").mkdir(parents=True)
    assert distill("s.safetensors", "--method", "none") == 0
    printed = capsys.readouterr()
    assert "s.safetensors is whole, but s.safetensors.run/report.html could not be written:" in (
        printed.err
    )
    assert "Traceback" not in printed.err
    assert "curves" not in printed.out
    assert dixtill.load("s.safetensors").labels == ("bearish", "bullish", "neutral")
    assert not list(Path("s.safetensors.run").glob(".*.tmp"))


def compared(page: str) -> tuple[int, str]:
    """How many texts, and which, the student's and the teacher's weights were compared on."""
    found = re.search(r"Are they the teacher’s\? \((\d+) (\w+) texts\)", page)
    return int(found.group(1)), found.group(2)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_agreement_is_that_on_validation_texts_where_they_were_explained():
    few = ["--steps", "2", "--perturbed", "0"]
    assert distill("a.safetensors", *few) == 0
    page = Path("a.safetensors.run/report.html").read_text(encoding="utf-8")
    student = dixtill.load("a.safetensors").model.settings.provenance
    assert compared(page) == (student["train"]["rows"], "training")
    explain = ["attribute", "--teacher", "teacher", "--data", "train.csv", "--out", "kept"]
    assert main([*explain, "--steps", "2"]) == 0
    assert distill("b.safetensors", *few, "--attributions", "kept") == 0
    page = Path("b.safetensors.run/report.html").read_text(encoding="utf-8")
    assert compared(page) == (student["valid"]["rows"], "validation")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("missing", [True, False])
def test_what_hinders_a_log_is_said_before_the_long_work(monkeypatch, capsys, missing):
    if missing:
        monkeypatch.setattr(
            "dixtill.extras.find_spec",
            lambda name: None if name == "tensorboard" else find_spec(name),
        )
    else:
        pytest.importorskip("tensorboard")
        Path("log").write_text("")
    assert distill("s.safetensors", "--tensorboard", "log") == 2
    expected = "pip install 'dixtill[tensorboard]'" if missing else "log is a file"
    assert expected in capsys.readouterr().err
    assert not Path("s.safetensors.run").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks PyTorch safely")
@pytest.mark.usefixtures("folder")
def test_a_real_terminal_sees_each_stage_and_the_table(command_server, monkeypatch):
    import pty

    for name, value in (("TERM", "xterm"), ("COLUMNS", "100"), ("LINES", "40")):
        monkeypatch.setenv(name, value)
    arguments = ["distill", *ARGUMENTS, "--out", "s.safetensors", "--steps", "2"]
    main_end, terminal = pty.openpty()
    with open("printed", "wb") as printed, ThreadPoolExecutor() as waiting:
        streams = (terminal, printed.fileno(), terminal)
        command = Command(
            command_server, "dixtill", [*arguments, "--perturbed", "90"], streams=streams
        )
        os.close(terminal)
        status = waiting.submit(command.wait)
        seen = b""
        while not status.done() or select.select([main_end], [], [], 0)[0]:
            if select.select([main_end], [], [], 0.1)[0]:
                try:
                    seen += os.read(main_end, 65536)
                except OSError:  # as Linux tells that the other end is closed
                    break
    out = Path("printed").read_text(encoding="utf-8")
    os.close(main_end)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode())
    assert status.result() == 0, plain
    rows = dixtill.load("s.safetensors").model.settings.provenance["train"]["rows"]
    stages = f"explaining {rows} texts", "the teacher answers", "90/90"
    for words in ("loading the teacher", *stages, "additivity"):
        assert words in plain
    assert re.search(r"1 +\d\.\d{4}.* best", plain)
    assert "int8" in out
    assert "\x1b" not in out
