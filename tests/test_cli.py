"""The command line: its output, its exit codes, and one sentence for a user's mistake."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tiny_students import random_model

import dixtill
from dixtill.cli import main
from dixtill.commands import COMMANDS
from dixtill.escapes import UNSAFE, printable
from dixtill.runtime import classifier, targets
from dixtill.specification.model_file import write_model


@pytest.fixture
def student(tmp_path):
    """Path of a student's file, as an argument."""
    write_model(random_model(), tmp_path / "student.safetensors")
    return str(tmp_path / "student.safetensors")


def typed(monkeypatch, content):
    """Put these bytes on standard input, in a locale that is not UTF-8."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def complaint(capsys):
    """Return the only line on standard error; standard output must be empty."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert captured.err.count("\n") == 1
    return captured.err


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


def test_a_quotation_from_a_file_is_short_and_safe_for_a_terminal(capsys, tmp_path):
    for header in ("\x1b[31mred\x1b]0;title\x07", "column," * 9999):
        (tmp_path / "odd.csv").write_text(header + "\nrow\n")
        assert main(["explain", "--data", str(tmp_path / "odd.csv")]) == 2
        sentence = complaint(capsys)
        assert sentence.rstrip("\n").isprintable()
        assert len(sentence) < 1100
        assert "has no column 'text'" in sentence


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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_device_is_one_sentence(student):
    command = [sys.executable, "-m", "dixtill", "infer", "--model", student, "up"]
    with open("/dev/full", "wb") as full:
        process = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert process.returncode == 2
    assert process.stderr == b"dixtill: No space left on device\n"


def test_infer_escapes_what_standard_output_cannot_print(student, monkeypatch):
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="ascii"))
    assert main(["infer", "--model", student, "É"]) == 0
    assert rb"\xc9" in output.getvalue()


@pytest.mark.parametrize("command", ["infer", "info"])
def test_a_missing_model_is_one_sentence_and_exit_2(capsys, tmp_path, command):
    texts = ["up"] if command == "infer" else []
    assert main([command, "--model", str(tmp_path / "none.safetensors"), *texts]) == 2
    assert "none.safetensors: there is no such file" in complaint(capsys)


def test_a_damaged_model_is_one_sentence_and_exit_2(student, capsys):
    Path(student).write_bytes(Path(student).read_bytes()[:-1])
    assert main(["infer", "--model", student, "up"]) == 2
    assert "the file is damaged" in complaint(capsys)


def test_an_unknown_kernel_is_one_sentence_that_names_the_others(student, capsys):
    assert main(["infer", "--model", student, "--kernel", "mmx", "up"]) == 2
    assert "scalar" in complaint(capsys)


def test_a_system_error_of_a_users_file_is_one_sentence(student, capsys, monkeypatch):
    def fail(*_):
        raise PermissionError(13, "Permission denied", "out.csv")

    monkeypatch.setattr(classifier, "load_classifier", fail)
    assert main(["infer", "up"]) == 2
    assert complaint(capsys) == "dixtill: out.csv: Permission denied\n"


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(classifier, "load_classifier", fail)
    with pytest.raises(RuntimeError):
        main(["infer", "up"])


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "there is not enough memory"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
            "there is not enough memory",
        ),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (
            UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"),
            "is not valid Unicode",
        ),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("no number"), "no number"),
        (NotADirectoryError(20, "Not a directory", b"a/\xff"), "Not a directory"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_an_error_of_the_system_or_the_data_is_one_sentence(capsys, monkeypatch, error, sentence):
    def fail(*_):
        raise error

    monkeypatch.setattr(classifier, "load_classifier", fail)
    assert main(["infer", "up"]) == 2
    assert sentence in complaint(capsys)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_an_import_that_is_interrupted_has_no_traceback(capsys, monkeypatch, kind):
    def fail(*_):
        raise kind

    monkeypatch.setattr("dixtill.cli.import_module", fail)
    assert main(["infer", "up"]) == (130 if kind is KeyboardInterrupt else 2)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("label", ["\x1b[31mred", "\u202eevil", "\x9b2J"])
def test_labels_and_provenance_are_safe_for_a_terminal(capsys, tmp_path, label):
    labels = (f"{label}1", f"{label}2", f"{label}3")
    model = random_model(labels=labels, provenance={label: [label], "teacher": label})
    write_model(model, tmp_path / "s.safetensors")
    for command in ("info", "infer up", "explain up", f"export --onnx {tmp_path / 's.onnx'}"):
        name, *others = command.split()
        assert main([name, "--model", str(tmp_path / "s.safetensors"), *others]) == 0
        printed = capsys.readouterr().out
        assert not UNSAFE & set(map(ord, printed.replace("\n", ""))), command
        assert printable(label) in printed


@pytest.mark.parametrize(
    "arguments", [[], ["infer"], ["unknown"], ["infer", "--unknown", "up"], ["info", "up"]]
)
def test_wrong_arguments_exit_with_2(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: dixtill" in capsys.readouterr().err


def test_control_c_is_quiet_and_exits_with_130(capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(classifier, "load_classifier", interrupt)
    assert main(["infer", "up"]) == 130
    assert capsys.readouterr() == ("", "")


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


def test_help_names_every_command_and_an_example_and_imports_no_numpy():
    code = (
        "import sys, dixtill.cli\n"
        "try: dixtill.cli.main(['--help'])\n"
        "except SystemExit: sys.exit(int('numpy' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert 'dixtill infer "' in done.stdout
    assert all(re.search(rf"^    {name}\s", done.stdout, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(capsys, command):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"dixtill {command}" in capsys.readouterr().out.split("example", 1)[1]


def test_the_version_is_the_packages(capsys):
    project = Path(__file__).parents[1] / "pyproject.toml"
    declared = re.search(r'^version = "(.+)"$', project.read_text(encoding="utf-8"), re.MULTILINE)
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"dixtill {declared[1]}\n"


def test_the_readmes_first_answer_is_what_is_printed(capsys):
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    example = re.search(r'dixtill infer "([^"]+)"\n```\n\n```\n(.+?)```', readme, re.DOTALL)
    assert main(["infer", example[1]]) == 0
    assert capsys.readouterr().out == example[2]


def test_info_describes_kernels_and_student_as_json(student, capsys, monkeypatch):
    compiled = [
        targets.TargetStatus("avx512_vnni", False, "needs AVX-512"),
        targets.TargetStatus("scalar", True, ""),
    ]
    monkeypatch.setattr(targets, "describe_targets", lambda: compiled)
    assert main(["info", "--json", "--model", student]) == 0
    info = json.loads(capsys.readouterr().out)
    model = random_model()
    assert info["version"] == dixtill.__version__
    assert info["kernel"] == dixtill.load(student).kernel
    assert info["kernels"] == {"avx512_vnni": "needs AVX-512", "scalar": "supported"}
    assert info["model"] == {
        "file": student,
        "bytes": os.path.getsize(student),
        "labels": ["bearish", "bullish", "neutral"],
        "parameters": model.weights.shape.num_parameters,
        "pieces": len(model.vocabulary),
        "embedding": 6,
        "embedding_bits": 8,
        "hidden": 5,
        "attention": 4,
        "max_pieces": 16,
        "lowercase": True,
        "strip_accents": True,
        "symbols": True,
        "cleaning": ["html_entities_v2", "urls_v2"],
        "explanation": "contributions",
        "provenance": model.settings.provenance,
    }


def test_info_prints_lines_for_a_person(student, capsys):
    assert main(["info", "--model", student]) == 0
    printed = capsys.readouterr().out
    for expected in (
        f"version  {dixtill.__version__}\n",
        "  scalar        supported",
        "labels          bearish, bullish, neutral",
        "lowercase       yes",
        "      accuracy  0.75",
        "seeds    0, 1",
    ):
        assert expected in printed, printed
