"""Commands and the library work if standard streams are closed, missing, broken or full."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_students import random_model

import dixtill
from dixtill.cli import main
from dixtill.specification.model_file import write_model
from dixtill.streams.stream import Stream

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shells and limits of POSIX")

ROWS = b'{"text": "shares up"}\nnonsense\n{"text": "profit falls"}\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a student and some rows, one of them bad."""
    monkeypatch.chdir(tmp_path)
    write_model(random_model(), Path("s.safetensors"))
    Path("rows.jsonl").write_bytes(ROWS)
    return tmp_path


def buffered():
    """Return an environment with buffered streams, which can fail when they are closed."""
    quiet = {**os.environ, "SKBUILD_EDITABLE_VERBOSE": "0"}
    return {name: value for name, value in quiet.items() if name != "PYTHONUNBUFFERED"}


def run(arguments, redirection="", **options):
    """Run a dixtill command in a shell that redirects its streams."""
    command = f'exec "{sys.executable}" -m dixtill {arguments} {redirection}'
    return subprocess.run(
        ["sh", "-c", command],
        check=False, timeout=120, env=buffered(),
        **{"stdin": subprocess.DEVNULL, "capture_output": True, **options},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "arguments",
    ["infer --model s.safetensors up", "info", "export --onnx s.onnx --model s.safetensors"],
)
def test_a_command_works_with_any_stream_closed(arguments, closed):
    done = run(arguments, closed)
    assert done.returncode == 0
    assert done.stderr == b""
    assert bool(done.stdout) is (">&-" not in closed.replace("2>&-", ""))


@pytest.mark.usefixtures("folder")
def test_messages_never_mix_with_answers_if_standard_error_is_closed():
    done = run("infer --model s.safetensors --input rows.jsonl", "2>&-")
    assert done.returncode == 0
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == [
        "shares up", "profit falls"
    ]  # fmt: skip


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "closed", "sentence"),
    [
        ("infer -", "<&-", b"dixtill: standard input is closed; name a file, or open it\n"),
        ("infer --input -", "<&-", b"dixtill: standard input is closed; name a file, or open it\n"),
        (
            "infer --input rows.jsonl", ">&-",
            b"dixtill: standard output is closed; name a file with --output, or open it\n",
        ),
    ],
)  # fmt: skip
def test_a_closed_stream_that_is_needed_is_an_error_of_one_sentence(arguments, closed, sentence):
    done = run(arguments, closed)
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", sentence)


@pytest.mark.usefixtures("folder")
def test_answers_continue_if_the_reader_of_messages_is_gone():
    theirs, ours = os.pipe()
    os.close(theirs)
    with os.fdopen(ours, "wb") as broken:
        done = run(
            "infer --model s.safetensors --input rows.jsonl --output out.csv",
            capture_output=False, stdout=subprocess.PIPE, stderr=broken,
        )  # fmt: skip
    assert done.returncode == 0
    assert Path("out.csv").read_bytes().count(b"\r\n") == 3


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", ["info", "infer --json --model s.safetensors up"])
def test_a_full_disk_below_standard_output_is_one_sentence(arguments):
    # Import first, because a development build may compile the native module.
    code = (
        "import resource, sys, dixtill.cli; dixtill.load()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))\n"
        "sys.exit(dixtill.cli.main())"
    )
    command = [sys.executable, "-c", code, *arguments.split()]
    with open("full", "wb") as file:
        done = subprocess.run(
            command, stdout=file, stderr=subprocess.PIPE, check=False, env=buffered()
        )
    assert done.returncode == 2
    assert done.stderr == b"dixtill: File too large\n"


@pytest.mark.usefixtures("folder")
def test_the_library_needs_no_streams():
    code = (
        "import sys; sys.stdin = sys.stdout = sys.stderr = None\n"
        "import dixtill; answer = dixtill.infer('shares up')\n"
        "print(answer); str(answer); repr(answer)\n"
        "from dixtill.streams.stream import Stream\n"
        "Stream('rows.jsonl', 'out.jsonl').run(dixtill.load())\n"
        "from dixtill.cli import main; assert main(['infer', 'up']) == 0\n"
        "assert main(['infer', '-']) == 2"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, env=buffered()
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert Path("out.jsonl").read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("stream", [None, io.StringIO()], ids=["missing", "closed"])
def test_streams_are_as_before_when_a_command_has_ended(name, stream, monkeypatch):
    if stream is not None:
        stream.close()
    monkeypatch.setattr(sys, name, stream)
    assert main(["infer", "up"]) == 0
    assert getattr(sys, name) is stream


@pytest.mark.usefixtures("folder")
def test_progress_is_not_printed_to_standard_output_if_standard_error_is_missing(
    monkeypatch, capsys
):
    monkeypatch.setattr(sys, "stderr", None)
    Stream("rows.jsonl", "out.jsonl").run(dixtill.load())
    assert capsys.readouterr().out == ""
