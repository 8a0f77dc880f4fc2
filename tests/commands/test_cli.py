"""The command line: its output, its exit codes, and one sentence for a user's mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from printed import complaint
from tiny_students import random_model

import dixtill
from dixtill.cli import main
from dixtill.commands import COMMANDS
from dixtill.escapes import UNSAFE, printable
from dixtill.runtime import classifier, targets
from dixtill.specification.model_file import write_model


def test_a_quotation_from_a_file_is_short_and_safe_for_a_terminal(capsys, tmp_path):
    for header in ("\x1b[31mred\x1b]0;title\x07", "column," * 9999):
        (tmp_path / "odd.csv").write_text(header + "\nrow\n")
        assert main(["explain", "--data", str(tmp_path / "odd.csv")]) == 2
        sentence = complaint(capsys)
        assert sentence.rstrip("\n").isprintable()
        assert len(sentence) < 1100
        assert "has no column 'text'" in sentence


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_device_is_one_sentence(student):
    command = [sys.executable, "-m", "dixtill", "infer", "--model", student, "up"]
    with open("/dev/full", "wb") as full:
        process = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert process.returncode == 2
    assert process.stderr == b"dixtill: No space left on device\n"


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
    project = Path(__file__).parents[2] / "pyproject.toml"
    declared = re.search(r'^version = "(.+)"$', project.read_text(encoding="utf-8"), re.MULTILINE)
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"dixtill {declared[1]}\n"


def test_the_readmes_first_answer_is_what_is_printed(capsys):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
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
        "parameters": model.parameters.shape.num_parameters,
        "pieces": len(model.vocabulary),
        "cell": "lstm",
        "directions": 2,
        "output": "softmax",
        "familiarity": False,
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
