"""`dixtill explain`: its output, its files, and one sentence for a user's mistake."""

from __future__ import annotations

import csv
import io
import subprocess
import sys

import pytest
from explained import HOSTILE, LABELS

import dixtill
from dixtill.cli import main

CSV = 'text,label\nApple shares jump,bullish\n"Ford falls, again",neutral\n'


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data.csv").write_text(CSV, encoding="utf-8")
    return str(tmp_path / "data.csv")


def complaint(capsys):
    """Return the only line on standard error; standard output must be empty."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_texts_are_printed_as_infer_prints_them(capsys):
    assert main(["explain", "--check", "up", "down"]) == 0
    explained = capsys.readouterr().out
    assert main(["infer", "--check", "up", "down"]) == 0
    assert explained == capsys.readouterr().out


def test_standard_input_is_read(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"up\ndown\n")))
    assert main(["explain", "-"]) == 0
    assert capsys.readouterr().out == "{}\n\n{}\n".format(*dixtill.infer(["up", "down"]))


def test_rows_of_a_file_are_printed_with_line_and_label(data, capsys):
    assert main(["explain", "--data", data, "--threshold", "0.5"]) == 0
    first, second = dixtill.infer(["Apple shares jump", "Ford falls, again"])
    assert capsys.readouterr().out == (
        f"line 2, true label bullish: Apple shares jump\n{first}\n\n"
        f"line 3, true label neutral: Ford falls, again\n{second}\n"
    )


def test_a_page_is_written_whole(data, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["explain", "--data", data, "--html", str(out), "--check"]) == 0
    html = out.read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"{out}: 2 texts, {out.stat().st_size:,} bytes\n"
    assert "<h1>data.csv</h1>" in html
    assert "the student tfns.safetensors" in html
    assert html.count("<tr role=row") == 2
    assert "the label changes" in html
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


def test_hostile_texts_and_names_become_a_page(tmp_path, capsys):
    folder = tmp_path / "<script>window.pwned=1<"
    folder.mkdir()
    path, out = folder / "<img src=x onerror=1>.csv", tmp_path / "page.html"
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        csv.writer(file).writerows([["text"], *([text.replace("\0", "")] for text in HOSTILE)])
    assert main(["explain", "--data", str(path), "--html", str(out)]) == 0
    html = out.read_text(encoding="utf-8")
    assert "<h1>&lt;img src=x onerror=1&gt;.csv</h1>" in html
    assert html.count("<script>") == 1


def test_a_threshold_withholds_labels(tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["explain", "--threshold", "1", "--html", str(out), "up", "down"]) == 0
    assert out.read_text(encoding="utf-8").count("<td role=cell>no label ") == 2
    assert main(["explain", "--threshold", "1", "up"]) == 0
    assert "no label: " in capsys.readouterr().out


def test_columns_are_chosen(tmp_path, capsys):
    (tmp_path / "d.csv").write_text("a,b\nup,1\n", encoding="utf-8")
    arguments = ["--data", str(tmp_path / "d.csv"), "--text-column", "a", "--label-column", "b"]
    assert main(["explain", *arguments]) == 0
    assert capsys.readouterr().out.startswith(f"line 2, true label {LABELS[1]}: up\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give either at least one TEXT or --data"),
        (["up", "--data", "{data}"], "give either at least one TEXT or --data"),
        (["--data", "none.csv"], "cannot read none.csv"),
        (["--data", "{data}", "--text-column", "t"], "no column 't'"),
        (["--data", "{data}", "--label-column", "l"], "no column 'l'"),
        (["up", "--html", "."], ". is a folder; name a file in it"),
        (["up", "--html", ""], ". is a folder; name a file in it"),
        (["up", "--html", "-"], "this output cannot go to -"),
        (["up", "--png", "/dev/null"], "/dev/null is a device, which cannot be replaced"),
        (["up", "--png", "none/x.png"], "none is not a folder, so x.png cannot be written there"),
        (["up", "--threshold", "2"], "--threshold is 2.0"),
        (["up", "--model", "none.safetensors"], "there is no such file"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(data, capsys, arguments, sentence):
    assert main(["explain", *(argument.format(data=data) for argument in arguments)]) == 2
    assert sentence in complaint(capsys)


def test_a_page_of_a_file_needs_the_standard_library_alone(data, tmp_path):
    code = """
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"numpy", "pyarrow", "torch", "matplotlib", "scipy", "rich"}:
            raise AssertionError(name)

sys.meta_path.insert(0, Refuse())
from dixtill.cli import main
sys.exit(main(["explain", "--check", "--data", sys.argv[1], "--html", sys.argv[2]]))
"""
    out = tmp_path / "page.html"
    command = [sys.executable, "-c", code, data, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 10_000


def test_importing_dixtill_and_answering_import_no_display():
    code = """
import sys, dixtill
dixtill.infer("up").words
print([name for name in sys.modules if name.startswith("dixtill.pages")])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.endswith("[]\n")


def test_without_matplotlib_a_picture_names_the_extra(tmp_path):
    code = """
import importlib.util, sys
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: (
    None if name == "matplotlib" else find_spec(name, *rest)
)
from dixtill.cli import main
sys.exit(main(["explain", "up", "--png", sys.argv[1]]))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "x.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert done.stderr == (
        "dixtill: a picture needs matplotlib, which is not installed; "
        "install the extra with: pip install 'dixtill[plot]'\n"
    )


def test_the_file_that_is_explained_is_never_overwritten(tmp_path, capsys):
    data = tmp_path / "own.csv"
    data.write_text("text\nup\n")
    (tmp_path / "link.html").symlink_to(data)
    for name in ("own.csv", "link.html"):
        assert main(["explain", "--data", str(data), "--html", str(tmp_path / name)]) == 2
        assert "is the input; choose another output" in capsys.readouterr().err
    assert data.read_text() == "text\nup\n"


def test_a_page_is_written_through_a_symbolic_link(tmp_path):
    (tmp_path / "link.html").symlink_to(tmp_path / "page.html")
    assert main(["explain", "up", "--html", str(tmp_path / "link.html")]) == 0
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
