"""Rows that cannot be answered are named, counted and skipped; --strict ends at the first."""

from __future__ import annotations

import csv
import io

import pytest
from streaming import answered, infer

JSON_LINES = [
    (b'{"text": "up"}', None),
    (b'{"text": "down"', "not JSON: Expecting ',' delimiter, character 17"),
    (b"[1]", "not a JSON object"),
    (b'{"txt": "up"}', "no field 'text'"),
    (b'{"text": null}', "the field 'text' is null"),
    (b'{"text": 3}', "the field 'text' is not a string"),
    (b'{"text": "\xff"}', "not UTF-8"),
    (b'{"text": "up", "n": NaN}', "NaN is not valid JSON"),
    (b"[" * 200_000, "not JSON: nested too deeply to be read"),
    (b'{"text": "up", "n": ' + b"1" * 5000 + b"}", "an integer has more than 4,300 digits"),
    (b'{"text": "up", "words": 1}', "the row already has a field 'words', which answers add"),
    (b'{"text": "last"}', None),
]
CSV_LINES = [
    (b"text,n", None),
    (b"up,1", None),
    (b"up", "the row has 1 fields, the header 2"),
    (b"up,1,2", "the row has 3 fields, the header 2"),
    (b"\xff,1", "not UTF-8"),
    (b'"up"x,1', "not CSV: ',' expected after '\"'"),
    (b"last,1", None),
]


def complaints(name, lines):
    numbered = enumerate(lines, 1)
    return [f"dixtill: {name}, line {n}: {reason}" for n, (_, reason) in numbered if reason]


def written(folder, name, lines):
    (folder / name).write_bytes(b"".join(line + b"\n" for line, _ in lines))
    return name


@pytest.mark.parametrize(("name", "lines"), [("a.jsonl", JSON_LINES), ("a.csv", CSV_LINES)])
def test_bad_rows_are_named_and_left_out(student, folder, capfd, name, lines):
    written(folder, name, lines)
    assert infer(student, "--input", name, "--output", "out.jsonl") == 0
    assert [row["text"] for row in answered(folder / "out.jsonl")] == ["up", "last"]
    *found, summary = capfd.readouterr().err.splitlines()
    expected = complaints(name, lines)
    assert len(found) == len(expected)
    for line, sentence in zip(found, expected, strict=True):
        assert line.startswith(sentence)
    assert summary.startswith(f"2 rows, {len(expected)} bad rows, ")
    few = lines[: 3 if name == "a.csv" else 2]
    assert infer(student, "--input", written(folder, name, few), "--no-words") == 0
    assert "\n1 row, 1 bad row, " in capfd.readouterr().err


def test_lines_are_counted_through_fields_of_several_lines(student, folder, capfd):
    (folder / "a.csv").write_text('text,n\n"one\n\ntwo",1\n\nup\n"a\nb\n"\n')
    assert infer(student, "--input", "a.csv", "--output", "out.csv") == 0
    assert [row["text"] for row in answered(folder / "out.csv")] == ["one\n\ntwo"]
    first, second, _ = capfd.readouterr().err.splitlines()
    assert first.startswith("dixtill: a.csv, line 6: ")
    assert second.startswith("dixtill: a.csv, lines 7 to 9: ")


def test_an_unclosed_quotation_mark_swallows_no_more_than_the_limit(
    student, folder, capfd, monkeypatch
):
    monkeypatch.setattr("dixtill.tables.header.LARGEST_FIELD", 200_000)
    monkeypatch.setattr("dixtill.tables.source._CHUNK", 1 << 16)
    csv.field_size_limit(131_072)
    rows = "up,1\n" * 50_000
    (folder / "a.csv").write_text(f'text,n\nup,1\n"down,1\n{rows}last,1\n')
    assert infer(student, "--input", "a.csv", "--output", "out.jsonl", "--no-words") == 0
    assert csv.field_size_limit() == 200_000
    # Line 3 has 7 characters with its line end, each later line 5.
    last = 3 + -(-(200_000 - 6) // 5)
    errors = capfd.readouterr().err
    assert f"a.csv, lines 3 to {last}: not CSV: field larger than field limit" in errors
    found = answered(folder / "out.jsonl")
    assert found[-1]["text"] == "last"
    assert len(found) == 1 + 50_000 - (last - 3) + 1


def test_a_misplaced_quotation_mark_is_reported_with_its_lines(student, folder, capfd):
    (folder / "a.csv").write_text('text,n\nup,1\n"down,1\nup,2\n"last",1\nup,3\n')
    assert infer(student, "--input", "a.csv", "--output", "out.jsonl", "--no-words") == 0
    assert "a.csv, lines 3 to 5: not CSV: ',' expected after '\"'\n" in capfd.readouterr().err
    assert [row["n"] for row in answered(folder / "out.jsonl")] == ["1", "3"]


def test_a_csv_field_may_be_as_long_as_an_article(student, folder, monkeypatch):
    csv.field_size_limit(131_072)
    text = "up " * 100_000
    (folder / "a.csv").write_text(f'text,n\n"{text}",1\n{text},2\n')
    assert infer(student, "--input", "a.csv", "--output", "out.jsonl", "--no-words") == 0
    assert [(row["text"], row["n"]) for row in answered(folder / "out.jsonl")] == [
        (text, "1"), (text, "2"),
    ]  # fmt: skip


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv"])
@pytest.mark.parametrize(("name", "lines"), [("a.jsonl", JSON_LINES), ("a.csv", CSV_LINES)])
def test_strict_ends_at_the_first(student, folder, capfd, name, lines, output):
    written(folder, name, lines)
    assert infer(student, "--input", name, "--output", output, "--strict") == 2
    assert capfd.readouterr().err.startswith(complaints(name, lines)[0])
    assert [row["text"] for row in answered(folder / output)] == ["up"]


def test_strict_leaves_no_parquet_file(student, folder):
    pytest.importorskip("pyarrow")
    written(folder, "a.csv", CSV_LINES)
    before = set(folder.iterdir())
    assert infer(student, "--input", "a.csv", "--output", "out.parquet", "--strict") == 2
    assert set(folder.iterdir()) == before


def test_a_missing_text_of_a_parquet_file_is_named_by_its_row(student, folder, capfd):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"text": ["up", None, "down"]}), "a.parquet")
    for output in ("out.parquet", "out.jsonl"):
        assert infer(student, "--input", "a.parquet", "--output", output) == 0
        assert [row["text"] for row in answered(folder / output)] == ["up", "down"]
        assert "a.parquet, row 2: the field 'text' is null" in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet"])
def test_a_line_nested_to_any_depth_does_not_end_the_run(student, folder, output):
    if output.endswith("parquet"):
        pytest.importorskip("pyarrow")
    depths = (*range(1100), 5_000, 200_000)  # some can be read but not written
    lines = [f'{{"text": "up", "u": "\\u00e9", "d": {"[" * n}{"]" * n}}}\n' for n in depths]
    (folder / "a.jsonl").write_text("".join([*lines, '{"text": "last"}']))
    assert infer(student, "--input", "a.jsonl", "--output", output, "--no-words") == 0
    rows = answered(folder / output)
    assert rows[-1]["text"] == "last"
    assert len(rows) > 500


@pytest.mark.parametrize("output", ["out.csv", "out.parquet"])
def test_rows_must_fit_the_columns_that_the_first_rows_decided(
    student, folder, capfd, output, monkeypatch
):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("dixtill.streams.writers.GROUP", 2)
    monkeypatch.setattr("dixtill.streams.parquet.GROUP", 2)
    monkeypatch.setattr("dixtill.streams.parquet._TableWriter.group", 2)
    monkeypatch.setattr("dixtill.tables.source._CHUNK", 16)
    lines = ['{"text": "up", "n": 1}'] * 3 + ['{"text": "up", "m": 1}', '{"text": "up", "n": "x"}']
    (folder / "a.jsonl").write_text("\n".join(lines))
    assert infer(student, "--input", "a.jsonl", "--output", output) == 0
    errors = capfd.readouterr().err
    assert "line 4: the field 'm' has no column; the columns are those of the first 2" in errors
    misfit = "line 5: the field 'n' does not fit the column's type int64"
    assert (misfit in errors) == output.endswith("parquet")
    assert len(answered(folder / output)) == 5 - errors.count(", line ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--input", "none.csv"], "none.csv: No such file or directory"),
        (["--input", "."], "cannot tell the format from the name; give it with --input-format"),
        (["--input", ".", "--input-format", "csv"], ".: Is a directory"),
        (["--input", "a.txt", "--output", "b.txt"], "b.txt: cannot tell the format from the name"),
        (["--input", "a.csv", "--output", "none/b.csv"], "none/b.csv: No such file or directory"),
        (["--input", "a.csv", "--output", "none/b.parquet"], "none/b.parquet: No such file or dir"),
        (["--input", "a.csv", "--output", "./a.csv"], "./a.csv is the input; choose another"),
        (
            ["--input", "a.csv", "--text-column", "tweet"],
            "a.csv has no column 'tweet'; it has text",
        ),
        (["--input", "twice.csv"], "twice.csv has two columns with the same name: text, text"),
        (["--input", "taken.csv"], "already have a column 'words', which the answers would add"),
        (["--input", "open.csv"], "open.csv: its header is not CSV: unexpected end of data"),
        (["--input", "latin.csv"], "latin.csv: its header is not UTF-8"),
        (["--input", "utf16.csv"], "utf16.csv is UTF-16 text, expected UTF-8; save it as UTF-8"),
        (["--input", "semicolon.csv"], "another character: try --delimiter ';'"),
        (["--input", "a.csv", "--delimiter", "ab"], "the delimiter is 'ab', expected one charac"),
        (["--input", "empty.csv"], "empty.csv has no column 'text'; it has none"),
        (["--input", "-", "--input-format", "parquet"], "Parquet cannot be read from a pipe"),
        (["--input", "a.parquet"], "cannot read a.parquet as Parquet"),
    ],
)
def test_a_mistake_prints_one_sentence_and_leaves_the_output_alone(
    student, folder, capfd, arguments, sentence
):
    (folder / "a.csv").write_text("text\nup\n")
    (folder / "a.txt").write_text("up\n")
    (folder / "a.parquet").write_text("up\n")
    (folder / "twice.csv").write_text("text,text\nup,up\n")
    (folder / "taken.csv").write_text("text,words\nup,up\n")
    (folder / "open.csv").write_text('text,"words\nup,up\n')
    (folder / "semicolon.csv").write_text("id;text\n1;up\n")
    (folder / "latin.csv").write_bytes(b"text,caf\xe9\nup,1\n")
    (folder / "utf16.csv").write_text("text\nup\n", encoding="utf-16")
    (folder / "empty.csv").write_text("")
    (folder / "out.jsonl").write_text("before")
    given = arguments if "--output" in arguments else [*arguments, "--output", "out.jsonl"]
    assert infer(student, *given) == 2
    captured = capfd.readouterr()
    assert captured.err.startswith("dixtill: ")
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert (folder / "out.jsonl").read_text() == "before"
    assert (folder / "a.csv").read_text() == "text\nup\n"


@pytest.mark.parametrize("name", ["a.jsonl", "link.jsonl", "hard.jsonl"])
def test_a_redirected_input_is_not_overwritten(student, folder, capfd, monkeypatch, name):
    content = '{"text": "up"}\n'
    (folder / "a.jsonl").write_text(content)
    (folder / "link.jsonl").symlink_to("a.jsonl")
    (folder / "hard.jsonl").hardlink_to("a.jsonl")
    with (folder / "a.jsonl").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert infer(student, "--input", "-", "--output", name) == 2
    assert capfd.readouterr().err == f"dixtill: {name} is the input; choose another output\n"
    assert (folder / "a.jsonl").read_text() == content


def test_a_file_named_dash_is_not_in_the_way(student, folder, capfd, monkeypatch):
    (folder / "-").write_text("not read")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "up"}\n')))
    assert infer(student, "--input", "-") == 0
    assert capfd.readouterr().out.startswith('{"text": "up",')
    assert (folder / "-").read_text() == "not read"


def test_texts_and_a_file_exclude_each_other(student, capfd):
    with pytest.raises(SystemExit) as stopped:
        infer(student, "up", "--input", "a.csv")
    assert stopped.value.code == 2
    assert "not allowed with argument" in capfd.readouterr().err
