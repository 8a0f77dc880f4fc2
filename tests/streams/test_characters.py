"""Surrogates, byte order marks, formulas and control characters in every format."""

from __future__ import annotations

import csv
import io
import json

import pytest
from streaming import answered, infer
from tiny_students import random_model
from written_rows import OUTPUTS, ROWS, write_rows

from dixtill.escapes import UNSAFE
from dixtill.specification.model_file import write_model
from dixtill.tables.source import Source


def test_a_lone_surrogate_becomes_u_fffd(student, folder):
    (folder / "in.jsonl").write_text('{"text": "up \\ud800", "a": "\\ud83d\\ude00"}\n')
    for output in OUTPUTS:
        assert infer(student, "--input", "in.jsonl", "--output", output) == 0
        (row,) = answered(folder / output)
        assert (row["text"], row["a"]) == ("up \ufffd", "😀")
    assert b"\\ud800" not in (folder / "out.jsonl").read_bytes()


def test_the_rest_of_a_line_with_a_lone_surrogate_keeps_its_bytes(student, folder):
    line = r'{"text": "\ud800 \\ud800 \\\uDC00\ud83d\uDE00\"", "\udfff": 1e999, "n": 1.50}'
    (folder / "in.jsonl").write_text(line + "\n")
    assert infer(student, "--input", "in.jsonl", "--output", "out.jsonl") == 0
    kept = r'{"text": "\ufffd \\ud800 \\\ufffd\ud83d\uDE00\"", "\ufffd": 1e999, "n": 1.50'
    assert (folder / "out.jsonl").read_text().startswith(kept + ',"predicted_label":')


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("name", ["in.csv", "in.jsonl", "in.txt"])
def test_a_byte_order_mark_is_not_text(student, folder, name, mark):
    content = {"in.csv": "text\nup\n", "in.jsonl": '{"text": "up"}', "in.txt": "up"}[name]
    (folder / name).write_text(mark + content, encoding="utf-8")
    assert infer(student, "--input", name, "--output", "out.jsonl") == 0
    assert [row["text"] for row in answered(folder / "out.jsonl")] == ["up"]


class TwoReads(io.BytesIO):
    """A pipe that is written to twice."""

    def __init__(self, content, cut):
        super().__init__(content)
        self._cut = cut

    def read1(self, size):
        return super().read1(size if self.tell() else self._cut)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_byte_order_mark_may_come_in_pieces(cut):
    content = b'\xef\xbb\xbf{"text": "up"}\n'
    assert list(Source(TwoReads(content, cut), "pipe").line_blocks()) == [[content[3:]]]


def test_labels_of_any_name_are_written(folder):
    labels = ('per%cent "é"', "b", "c")
    write_model(random_model(labels=labels), folder / "odd.safetensors")
    write_rows(folder / "in.txt", ROWS[:1])
    for output in OUTPUTS:
        assert infer("odd.safetensors", "--input", "in.txt", "--output", output) == 0
        (row,) = answered(folder / output)
        assert row["predicted_label"] in labels
        assert f"probability_{labels[0]}" in row


HALVES = {"text": "up \ud800", "k\ud801": "\udcff", "n": {"\ud802": ["\udfff", 1]}}


@pytest.mark.parametrize("output", OUTPUTS)
def test_lone_surrogates_are_replaced_in_names_and_values_alike(student, folder, capfd, output):
    lines = [json.dumps(HALVES), r'{"text": "up", "\ud800": 1, "\ufffd": 2}']
    (folder / "in.jsonl").write_text("\n".join(lines))
    assert infer(student, "--input", "in.jsonl", "--output", output, "--no-words") == 0
    (row,) = answered(folder / output)
    nested = {"\ufffd": ["\ufffd", 1]}
    assert row["text"] == "up \ufffd"
    assert row["k\ufffd"] == "\ufffd"
    assert (row["n"] if output.endswith("jsonl") else json.loads(row["n"])) == nested
    # Two names that differ only in a lone surrogate become the same name.
    assert "line 2: an object has two fields with the same name" in capfd.readouterr().err


FORMULAS = ["=1+2", "+A1", "-A1", "@SUM(A1)", "\tup", "\rup", "-0.5", "up", "'=1"]


@pytest.mark.parametrize("guard", [[], ["--csv-guard"]])
def test_csv_guard_keeps_cells_from_being_formulas(student, folder, guard):
    rows = [{"text": text, "=name": text} for text in FORMULAS]
    write_rows(folder / "in.csv", rows)
    assert infer(student, "--input", "in.csv", "--output", "out.csv", *guard) == 0
    expected_cells = FORMULAS
    if guard:
        expected_cells = [f"'{cell}" if cell[0] in "=+-@\t\r" else cell for cell in FORMULAS]
        expected_cells[FORMULAS.index("-0.5")] = "-0.5"
    with (folder / "out.csv").open(newline="", encoding="utf-8") as file:
        header, *found = csv.reader(file)
    assert header[:2] == ["text", "'=name" if guard else "=name"]
    assert [row[0] for row in found] == [row[1] for row in found] == expected_cells


def test_csv_guard_is_refused_for_other_formats(student, folder, capfd):
    write_rows(folder / "in.csv", ROWS[:5])
    arguments = ["--input", "in.csv", "--output", "out.jsonl", "--csv-guard"]
    assert infer(student, *arguments) == 2
    assert "--csv-guard works only for CSV, but the output is jsonl" in capfd.readouterr().err


def test_json_lines_hold_no_terminal_control_characters(student, folder):
    hostile = "up \x9b2J\x7f\u202e\u2028 £ “é”"
    line = json.dumps({"text": hostile, "k\x9b": hostile}, ensure_ascii=False)
    (folder / "in.jsonl").write_text(line + "\n", encoding="utf-8")
    write_rows(folder / "in.csv", [{"text": hostile, "k\x9b": hostile}])
    for name in ("in.jsonl", "in.csv"):
        assert infer(student, "--input", name, "--output", "out.jsonl") == 0
        written = (folder / "out.jsonl").read_text(encoding="utf-8")
        assert not UNSAFE & set(map(ord, written.rstrip("\n")))
        row = json.loads(written)
        assert row["text"] == row["k\x9b"] == hostile
        assert "£ “é”" in written


@pytest.mark.parametrize("column", ["\x1b[31m", "\u202e", "\x9b"])
def test_complaints_about_bad_rows_hold_no_control_characters(student, folder, capfd, column):
    rows = [{"text": "up"}, {"text": "up", column: "up"}]
    (folder / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    arguments = ["--input", "in.jsonl", "--output", "out.csv", "--text-column", column]
    assert infer(student, *arguments) == 0
    errors = capfd.readouterr().err
    assert "no field '" in errors
    assert not UNSAFE & set(map(ord, errors.replace("\n", "")))
