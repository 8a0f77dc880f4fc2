"""A student may come from many sources, and its file does not matter once it is loaded."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_students import random_model

import dixtill
from dixtill.errors import ModelFileError
from dixtill.runtime.model_file import source
from dixtill.specification.model_file import read_model, write_model

TEXTS = ["shares jump", "profit falls", "up", ""]

ANSWERS_WHILE_ITS_FILE_CHANGES = """
import os, sys, dixtill
path, texts = sys.argv[1], sys.argv[2:]
classifier = dixtill.load(path)
before = [answer.to_dict() for answer in classifier(texts)]
size = os.path.getsize(path)
with open(path, "r+b") as file:
    file.truncate(int(sys.stdin.readline()))
    file.write(b"x" * size)
assert [answer.to_dict() for answer in classifier(texts)] == before
print("lives")
"""


@pytest.fixture
def path(tmp_path):
    write_model(random_model(), tmp_path / "student.safetensors")
    return tmp_path / "student.safetensors"


@pytest.fixture
def answers(path):
    return dixtill.load(path)(TEXTS)


@pytest.mark.parametrize("size", [0, 100])
def test_a_file_that_is_cut_and_written_over_changes_nothing_for_its_reader(size, tmp_path):
    path = tmp_path / "student.safetensors"
    path.write_bytes(Path(dixtill.SHIPPED_MODEL).read_bytes())
    command = [sys.executable, "-c", ANSWERS_WHILE_ITS_FILE_CHANGES, path, "Shares jump", "up"]
    done = subprocess.run(command, input=f"{size}\n", capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["lives"]), done.stderr


def test_a_model_read_as_arrays_outlives_its_file(path):
    model = read_model(path)
    weights = model.parameters.head_weight_q8.tolist()
    path.write_bytes(b"")
    assert model.parameters.head_weight_q8.tolist() == weights


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
def test_the_bytes_of_a_file_are_a_student(kind, path, answers):
    assert dixtill.load(kind(path.read_bytes()))(TEXTS) == answers
    assert read_model(kind(path.read_bytes())).settings.labels == dixtill.load(path).labels


def test_bytes_that_are_changed_later_change_nothing(path, answers):
    content = bytearray(path.read_bytes())
    classifier = dixtill.load(content)
    content[-1000:] = bytes(1000)
    assert classifier(TEXTS) == answers


def test_an_open_file_is_read_from_where_it_stands_and_left_open(path, answers):
    path.write_bytes(b"before" + path.read_bytes())
    with path.open("rb") as file:
        file.seek(6)
        assert dixtill.load(file)(TEXTS) == answers
        assert not file.closed


def test_a_pipe_is_read_as_its_bytes_come(path, answers):
    script = (
        "import shutil, sys;"
        "shutil.copyfileobj(open(sys.argv[1], 'rb'), sys.stdout.buffer, length=100)"
    )
    command = [sys.executable, "-S", "-c", script, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as writer:
        assert dixtill.load(writer.stdout)(TEXTS) == answers


@pytest.mark.parametrize("wrong", [3, None, ["m.safetensors"], io.StringIO("x")])
def test_a_type_error_says_what_a_source_is(wrong):
    with pytest.raises(TypeError, match=r"bytes|binary"):
        read_model(wrong)


def test_a_file_open_as_text_is_refused(path):
    with path.open(encoding="utf-8") as file, pytest.raises(TypeError, match="'rb'"):
        dixtill.load(file)


@pytest.mark.parametrize(
    ("source", "name"), [(b"", "<bytes>"), (io.BytesIO(b"{}"), "<file>"), (b"\0" * 99, "<bytes>")]
)
def test_a_source_without_a_name_is_refused_with_a_sentence(source, name):
    with pytest.raises(ModelFileError, match=f"^{name}: .*expected"):
        dixtill.load(source)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_without_a_writer_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    signal.alarm(10)  # ends the process where it would wait for ever
    try:
        with pytest.raises(ModelFileError, match=r"fifo: is a pipe.* copy it to one"):
            dixtill.load(tmp_path / "fifo")
    finally:
        signal.alarm(0)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs sockets with a path")
def test_a_socket_is_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        with pytest.raises(ModelFileError, match="socket: is a pipe, a socket"):
            dixtill.load(tmp_path / "socket")


def test_a_folder_with_a_student_is_a_student(path, answers):
    for folder in (path.parent, str(path.parent), str(path.parent) + os.sep):
        assert dixtill.load(folder)(TEXTS) == answers
        assert read_model(folder).settings.labels == dixtill.load(path).labels


@pytest.mark.parametrize("value", ["a" * 10_000, "a\nb", "\x1b[2J", "\u202e"])
def test_a_refusal_is_one_short_line_whatever_the_file_holds(tmp_path, value):
    content = json.dumps({"__metadata__": {"dixtill": json.dumps({"format_version": value})}})
    path = tmp_path / "student.safetensors"
    path.write_bytes(len(content).to_bytes(8, "little") + content.encode())
    with pytest.raises(ModelFileError) as refusal:
        dixtill.load(path)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 1000


def test_a_bundled_student_is_loaded_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bilstm = dixtill.load("tfns-bilstm")
    assert bilstm.labels == ("bearish", "bullish", "neutral")
    assert bilstm.model.shape[:1] + bilstm.model.shape[2:5] == ("lstm", 50, 50, 100)
    assert dixtill.load(Path("tfns"))(TEXTS) == dixtill.load()(TEXTS)


@pytest.mark.parametrize("name", source.BUNDLED)
def test_every_bundled_student_is_small(name):
    assert Path(source.file_of(name)).stat().st_size <= 420_000


def test_a_student_with_the_path_comes_before_a_bundled_name(tmp_path, path, monkeypatch, answers):
    monkeypatch.chdir(tmp_path)
    Path("tfns").mkdir()
    path.rename("tfns/student.safetensors")
    assert dixtill.load("tfns")(TEXTS) == answers
    Path("tfns/student.safetensors").rename("tfns-bilstm")
    assert dixtill.load("tfns-bilstm")(TEXTS) == answers


def test_a_folder_of_data_does_not_hide_a_bundled_student(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tfns").mkdir()
    Path("tfns/train.csv").touch()
    assert dixtill.load("tfns")(TEXTS) == dixtill.load()(TEXTS)


def test_a_name_that_nothing_has_is_refused_with_those_that_there_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError, match=r"tfns-lstm: there is no such.*tfns, tfns-bilstm"):
        dixtill.load("tfns-lstm")
