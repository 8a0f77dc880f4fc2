"""Every command that trains or measures reads every format, and only the columns that it needs."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny_teachers

from dixtill.cli import main
from dixtill.distillation.data.corpus import read_corpus
from dixtill.distillation.data.unlabeled import read_texts

LABELS = ("bearish", "bullish", "neutral")
ROWS = [
    {"text": f"{tiny_teachers.TEXTS[number % len(tiny_teachers.TEXTS)]}, {number}",
     "label": LABELS[number % 3]} for number in range(24)
]  # fmt: skip
TEXTS_ALONE = [{"text": row["text"]} for row in ROWS[:8]]
NAMES = ("a.csv", "a.tsv", "a.jsonl", "a.ndjson", "a.parquet", "a.csv.gz", "a.jsonl.gz", "a")


def write(name: str, rows: list[dict[str, str]], delimiter: str = ",") -> str:
    path = Path(name)
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path)
        return name
    opened = gzip.open if name.endswith(".gz") else open
    with opened(path, "wt", newline="", encoding="utf-8") as file:
        if "json" in name:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
        elif ".txt" in name:
            file.write("".join(row["text"] + "\n" for row in rows))
        else:
            writer = csv.DictWriter(
                file, list(rows[0]), delimiter="\t" if ".tsv" in name else delimiter
            )
            writer.writeheader()
            writer.writerows(rows)
    return name


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def teacher(folder) -> str:
    for part in tiny_teachers.build("bert"):
        part.save_pretrained(folder / "teacher")
    return "teacher"


def printed(capsys, *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_evaluate_and_explain_read_every_format(capsys):
    expected = printed(capsys, "evaluate", "--data", write("b.csv", ROWS))
    shown = printed(capsys, "explain", "--data", "b.csv").split("\n\n")
    for name in NAMES:
        write(name, ROWS)
        assert printed(capsys, "evaluate", "--data", name) == expected
        found = printed(capsys, "explain", "--data", name).split("\n\n")
        assert [one.partition(": ")[2] for one in found] == [
            one.partition(": ")[2] for one in shown
        ]
        assert all(", true label " in one for one in found)
    options = ["--input-format", "csv", "--delimiter", ";"]
    write("a.dat", ROWS, ";")
    assert printed(capsys, "evaluate", "--data", "a.dat", *options) == expected
    assert printed(capsys, "evaluate", "--data", "a.dat", "--delimiter", ";") == expected
    assert main(["evaluate", "--data", "a.dat"]) == 2
    assert "has no column 'text'; it has text;label. " in capsys.readouterr().err


def test_a_bad_row_is_named_by_every_command(capsys):
    Path("bad.csv").write_text("label,text\nbearish,Shares jump, then crash 40%\n")
    for command in (
        ["evaluate", "--data"], ["explain", "--data"], ["card", "--out", "o", "--data"],
        ["score", "--out", "o", "--data"], ["infer", "--strict", "--input"],
        ["finetune", "--base", "b", "--out", "o", "--train"],
    ):  # fmt: skip
        assert main([*command, "bad.csv"]) == 2
        assert "bad.csv, line 2: the row has 3 fields, the header 2\n" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*NAMES[:-1], "a.txt", "a.txt.gz"])
def test_texts_need_no_labels(name):
    texts = [row["text"] for row in TEXTS_ALONE]
    assert read_texts(write(name, TEXTS_ALONE)) == texts


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl.gz", "a.txt"])
def test_attribute_needs_no_labels(teacher, capsys, name):
    write(name, TEXTS_ALONE)
    arguments = ["--teacher", teacher, "--data", name, "--out", "kept", "--steps", "2"]
    assert "8 texts explained" in printed(capsys, "attribute", *arguments)


def test_copies_of_texts_without_labels_are_excluded(teacher, capsys):
    write("train.jsonl.gz", ROWS)
    write("valid.parquet", ROWS[:6])
    fixed = ["distill", "--teacher", teacher, "--train", "train.jsonl.gz", "--method", "none"]
    fixed += ["--valid", "valid.parquet", "--epochs", "1", "--no-report", "--out", "s.safetensors"]
    for name in ("test.txt", "test.csv", "test.tsv.gz"):
        printed(capsys, *fixed, "--exclude", write(name, TEXTS_ALONE), "--run", f"run-{name}")
    write("test.csv", ROWS)
    assert main([*fixed, "--exclude", "test.csv", "--run", "none-left"]) == 2


def test_labels_of_json_lines_are_names_or_indices():
    corpus = read_corpus(write("a.jsonl", [{"text": "a", "label": 1}, {"text": "b", "label": 0}]))
    assert corpus.label_names == ("0", "1")
    with pytest.raises(ValueError, match=r"a\.jsonl, line 1: the column 'label' is \{\}, expected"):
        read_corpus(write("a.jsonl", [{"text": "a", "label": {}}]))
    with pytest.raises(ValueError, match=r"a\.jsonl, line 2: the column 'label' is empty"):
        read_corpus(write("a.jsonl", [{"text": "a", "label": "x"}, {"text": "b"}]))
    Path("a.jsonl").write_text('{"text": "a", "label": 1, "label": 2}')
    with pytest.raises(ValueError, match=r"a\.jsonl, line 1: an object has two fields with"):
        read_corpus("a.jsonl")
