"""`dixtill infer`: its arguments, standard input, and what it prints."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading

import pytest
from printed import complaint, lines

import dixtill
from dixtill.cli import main
from dixtill.runtime import classifier, targets


def typed(monkeypatch, content):
    """Put these bytes on standard input, in a locale that is not UTF-8."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))


def test_infer_prints_what_the_prediction_prints(student, capsys):
    assert main(["infer", "--model", student, "Apple shares up"]) == 0
    assert capsys.readouterr().out == f"{dixtill.load(student)('Apple shares up')}\n"


def test_infer_separates_several_texts(student, capsys):
    assert main(["infer", "--model", student, "up", "down"]) == 0
    up, down = dixtill.load(student)(["up", "down"])
    assert capsys.readouterr().out == f"{up}\n\n{down}\n"


def test_infer_prints_one_json_object_per_line_in_ascii(student, capsys):
    texts = ["Apple É up", "", "\udcff", "two\nlines", "up \x7f\x9b"]
    assert main(["infer", "--json", "--model", student, *texts]) == 0
    printed = lines(capsys)
    assert all(line.isascii() and line.isprintable() for line in printed)
    expected = [prediction.to_dict() for prediction in dixtill.load(student)(texts)]
    assert [json.loads(line) for line in printed] == expected


def test_infer_answers_each_line_of_standard_input(student, capsys, monkeypatch):
    typed(monkeypatch, "É up\r\n\n\xff\n".encode() + b"\xff down")
    assert main(["infer", "--json", "--model", student, "first", "-"]) == 0
    texts = [json.loads(line)["text"] for line in lines(capsys)]
    assert texts == ["first", "É up", "", "ÿ", "\ufffd down"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_infer_reads_lines_without_their_ends_and_without_a_mark(student, capsys, monkeypatch, end):
    typed(monkeypatch, b"\xef\xbb\xbf" + end.join([b"up", b"", b"caf\xe9 \xef\xbb\xbf"]) + end)
    assert main(["infer", "--model", student, "--json", "-"]) == 0
    texts = [json.loads(line)["text"] for line in lines(capsys)]
    assert texts == ["up", "", "caf\ufffd \ufeff"]


def test_infer_refuses_a_line_without_end(student, capsys, monkeypatch):
    monkeypatch.setattr("dixtill.tables.header.LARGEST_ROW", 1000)
    typed(monkeypatch, b"up\n" + b"x" * 1001)
    assert main(["infer", "--model", student, "--json", "-"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["text"] == "up"
    assert captured.err.startswith("dixtill: standard input, line 2: the line is larger than")


@pytest.mark.parametrize("arguments", [["-5% today"], ["--", "--up"]])
def test_infer_takes_a_text_that_begins_with_a_dash(student, capsys, arguments):
    assert main(["infer", "--json", "--model", student, *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == arguments[-1]


def test_infer_checks_and_withholds_a_label(student, capsys):
    arguments = ["--model", student, "--check", "--threshold", "0.99", "--json", "up profit"]
    assert main(["infer", *arguments]) == 0
    answer = dixtill.load(student)("up profit", check=True, threshold=0.99)
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(answer.to_dict()))
    assert answer.label is None


def test_a_threshold_out_of_range_is_one_sentence(student, capsys):
    assert main(["infer", "--model", student, "--threshold", "2", "up"]) == 2
    assert "expected a probability from 0 to 1" in complaint(capsys)


@pytest.mark.parametrize("kernel", targets.supported_targets())
def test_infer_uses_the_kernel_that_is_named(student, capsys, monkeypatch, kernel):
    used = []
    load = classifier.load_classifier
    monkeypatch.setattr(
        classifier, "load_classifier", lambda *args: used.append(load(*args)) or used[0]
    )
    assert main(["infer", "--model", student, "--kernel", kernel, "up"]) == 0
    assert used[0].kernel == kernel


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--output", "-"], "--output"),
        (["--text-column", "text"], "--text-column"),
        (["--input-format", "csv", "--strict"], "--input-format, --strict"),
        (["--no-words"], "--no-words"),
        (["--words"], "--words"),
    ],
)
def test_infer_refuses_arguments_for_files_with_texts(student, capsys, arguments, names):
    assert main(["infer", "--model", student, *arguments, "up"]) == 2
    assert complaint(capsys).startswith(f"dixtill: {names}: only for files and pipes; ")


def test_infer_refuses_arguments_for_texts_with_a_file(student, capsys, tmp_path):
    given = ["--json", "--input", str(tmp_path / "a.csv"), "--output", str(tmp_path / "b.csv")]
    assert main(["infer", "--model", student, *given]) == 2
    assert complaint(capsys).startswith("dixtill: --json works only with TEXT; ")
    assert not (tmp_path / "b.csv").exists()


def test_infer_escapes_what_standard_output_cannot_print(student, monkeypatch):
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="ascii"))
    assert main(["infer", "--model", student, "É"]) == 0
    assert rb"\xc9" in output.getvalue()


def started(*arguments):
    """Start the command line in another process, with standard output buffered as in a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "dixtill", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [["infer", "-"], ["info"]])
def test_a_closed_reader_is_not_an_error(student, arguments):
    with started(*arguments, "--model", student) as process:
        process.stdout.close()
        _, errors = process.communicate(b"shares up\n" * 2000, timeout=120)
    assert process.returncode == 141
    assert b"Traceback" not in errors
    assert b"BrokenPipe" not in errors


def test_a_line_is_answered_before_the_next_is_read(student):
    with started("infer", "--json", "--model", student, "-") as process:
        process.stdin.write(b"shares up\n")
        process.stdin.flush()
        # A development build prints a line first if it compiles on import.
        stop = threading.Timer(60, process.kill)  # instead of waiting forever for an answer
        stop.start()
        answer = next((line for line in process.stdout if line.startswith(b"{")), b"none")
        stop.cancel()
        process.communicate(timeout=120)
    assert answer.startswith(b'{"text": "shares up"')
