"""Every input format combines with every output format; each row gets its own answer."""

from __future__ import annotations

import io

import pytest
from streaming import answered, expected, infer
from written_rows import OUTPUTS, ROWS, TEXTS, pa, pq, write_rows

import dixtill


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", ["in.csv", "in.jsonl", "in.parquet", "in.txt"])
def test_rows_keep_their_order_and_fields(student, folder, capfd, name, output):
    rows = ROWS
    if name == "in.txt":
        rows = [{"text": row["text"]} for row in ROWS if "\n" not in row["text"]]
    write_rows(folder / name, rows)
    assert infer(student, "--input", name, "--output", output) == 0
    predictions = dixtill.load(student)([row["text"] for row in rows])
    found = [expected(row, answer) for row, answer in zip(rows, predictions, strict=True)]
    assert answered(folder / output) == found
    assert any(row["truncated"] for row in found)
    assert f"{len(rows):,} rows, 0 bad rows, " in capfd.readouterr().err


@pytest.mark.parametrize("output", OUTPUTS)
def test_words_can_be_left_out(student, folder, output):
    write_rows(folder / "in.csv", ROWS[:3])
    assert infer(student, "--input", "in.csv", "--output", output, "--no-words") == 0
    predictions = dixtill.load(student)(TEXTS[:3])
    found = [expected(row, one, words=False) for row, one in zip(ROWS, predictions, strict=False)]
    assert answered(folder / output) == found


@pytest.mark.parametrize("output", OUTPUTS)
def test_check_and_threshold_work_as_for_one_text(student, folder, output):
    write_rows(folder / "in.jsonl", ROWS[:6])
    arguments = ["--input", "in.jsonl", "--output", output, "--check", "--threshold", "0.5"]
    assert infer(student, *arguments) == 0
    rows = answered(folder / output)
    predictions = dixtill.load(student, threshold=0.5)(TEXTS[:6], check=True)
    assert [row["predicted_label"] for row in rows] == [one.label for one in predictions]
    assert None in [one.label for one in predictions]
    for row, prediction in zip(rows, predictions, strict=True):
        assert row["check"]["effects"] == pytest.approx(prediction.check.effects, abs=5e-7)
        assert row["check"]["correlation"] == pytest.approx(prediction.check.correlation, abs=5e-7)
        flip = prediction.check.flip
        assert row["check"]["flip"] == (None if flip is None else list(flip))
        assert row["check"]["is_smallest"] == prediction.check.is_smallest


def test_standard_output_takes_json_lines_in_utf_8(student, folder, capfd):
    write_rows(folder / "in.csv", ROWS[:5])
    assert infer(student, "--input", "in.csv") == 0
    assert infer(student, "--input", "in.csv", "--output", "out.jsonl") == 0
    assert capfd.readouterr().out == (folder / "out.jsonl").read_text(encoding="utf-8")


def test_the_fields_of_a_json_line_keep_their_bytes(student, folder):
    line = '{"n": 1.50, "big": 123456789012345678901234567890,  "text": "\\u00e9 up", "a": [1]}'
    (folder / "in.jsonl").write_text(f"\n{line}\r\n \n")
    assert infer(student, "--input", "in.jsonl", "--output", "out.jsonl") == 0
    assert (folder / "out.jsonl").read_text().startswith(line[:-1] + ',"predicted_label":')


def test_json_output_has_neither_nan_nor_infinity(student, folder):
    """Python's json.loads accepts both, but JSON has no such values."""
    pq.write_table(pa.table({"text": ["up"], "l": [[float("nan"), 1.5]]}), "in.parquet")
    (folder / "in.jsonl").write_text('{"text": "up", "l": [1e999, 1.5], "n": 1e999}\n')
    assert infer(student, "--input", "in.parquet", "--output", "out.jsonl") == 0
    assert '"l":[null,1.5]' in (folder / "out.jsonl").read_text()
    for name in ("in.parquet", "in.jsonl"):
        assert infer(student, "--input", name, "--output", "out.csv") == 0
        (row,) = answered(folder / "out.csv")
        assert row["l"] == "[null,1.5]"
    assert row["n"] == "inf"


def test_parquet_keeps_its_types_and_json_gets_the_nearest_ones(student, folder):
    import datetime

    day = datetime.date(2026, 1, 2)
    table = pa.table({"text": ["up"], "day": [day], "n": [1.5], "nan": [float("nan")], "l": [[1]]})
    pq.write_table(table, "in.parquet")
    for output in OUTPUTS:
        assert infer(student, "--input", "in.parquet", "--output", output) == 0
    assert pq.read_schema("out.parquet").field("day").type == pa.date32()
    (row,) = answered(folder / "out.jsonl")
    assert (row["day"], row["n"], row["nan"], row["l"]) == ("2026-01-02", 1.5, None, [1])
    (row,) = answered(folder / "out.csv")
    assert (row["day"], row["n"], row["nan"], row["l"]) == ("2026-01-02", "1.5", "", "[1]")


def test_json_values_give_parquet_its_types(student, folder):
    rows = [
        {"text": "up", "i": 1, "f": 1, "b": True, "s": "x", "m": "x", "big": 2**70},
        {"text": "up", "i": None, "f": 0.5, "b": False, "m": [1], "late": 3, "big": 1},
    ]
    write_rows(folder / "in.jsonl", rows)
    assert infer(student, "--input", "in.jsonl", "--output", "out.parquet") == 0
    found = pq.read_table("out.parquet").select(["i", "f", "b", "s", "m", "late", "big"])
    assert found.to_pylist() == [
        {"i": 1, "f": 1.0, "b": True, "s": "x", "m": "x", "late": None, "big": str(2**70)},
        {"i": None, "f": 0.5, "b": False, "s": None, "m": "[1]", "late": 3, "big": "1"},
    ]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(("name", "content"), [("in.csv", "id,text\n"), ("in.jsonl", "")])
def test_an_input_without_rows_gives_a_file_without_rows(student, folder, name, content, output):
    (folder / name).write_text(content)
    assert infer(student, "--input", name, "--output", output) == 0
    assert answered(folder / output) == []


def test_csv_of_standard_input(student, folder, monkeypatch):
    content = io.BytesIO(b'text,n\n"up\nup",1\n')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(content))
    arguments = ["--input", "-", "--input-format", "csv", "--output", "out.jsonl"]
    assert infer(student, *arguments) == 0
    (row,) = answered(folder / "out.jsonl")
    assert (row["text"], row["n"]) == ("up\nup", "1")


@pytest.mark.parametrize("output", ["-", "out", "out.jsonl"])
def test_output_format_overrides_the_name_of_the_output(student, folder, capfd, output):
    write_rows(folder / "in.jsonl", ROWS[:5])
    arguments = ["--input", "in.jsonl", "--no-words"]
    assert infer(student, *arguments, "--output", "expected.csv") == 0
    capfd.readouterr()
    assert infer(student, *arguments, "--output", output, "--output-format", "csv") == 0
    expected_bytes = (folder / "expected.csv").read_bytes()
    if output == "-":
        assert capfd.readouterr().out.encode() == expected_bytes
    else:
        assert (folder / output).read_bytes() == expected_bytes


def test_each_output_format_can_be_chosen(student, folder):
    write_rows(folder / "in.csv", ROWS[:5])
    for kind in ("jsonl", "csv", "parquet"):
        assert infer(student, "--input", "in.csv", "--output", f"named.{kind}") == 0
        assert infer(student, "--input", "in.csv", "--output", "x", "--output-format", kind) == 0
        assert (folder / "x").read_bytes() == (folder / f"named.{kind}").read_bytes()


def test_parquet_cannot_be_written_to_a_pipe(student, folder, capfd):
    write_rows(folder / "in.csv", ROWS[:5])
    assert infer(student, "--input", "in.csv", "--output-format", "parquet") == 2
    assert (
        "Parquet cannot be written to a pipe; name a file with --output" in capfd.readouterr().err
    )
