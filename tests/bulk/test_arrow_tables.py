"""Reading tables in pieces gives every row once, in order, or an InputError."""

from __future__ import annotations

import gzip

import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'dixtill[score]'")
import pyarrow as pa
import pyarrow.parquet as pq

from dixtill.bulk.arrow_tables import files_of, read_tables
from dixtill.errors import InputError

TEXTS = [f"text {number}" for number in range(10)]


@pytest.mark.parametrize("row_group_size", [1, 3, 4, 100])
def test_parquet_is_cut_after_so_many_rows_whatever_its_row_groups(tmp_path, row_group_size):
    path = tmp_path / "a.parquet"
    table = pa.table({"text": TEXTS, "n": list(range(10))})
    pq.write_table(table, path, row_group_size=row_group_size)
    tables = list(read_tables(path, 4, "text"))
    assert [len(one) for one in tables] == [4, 4, 2]
    assert pa.concat_tables(tables) == table


def test_csv_values_stay_the_texts_that_they_were(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('\ufefftext,n\r\n"two\nlines, NA",007\n\nNA,\n"",1e5\n'.encode())
    (table,) = read_tables(path, 100, "text")
    assert table.to_pydict() == {"text": ["two\nlines, NA", "NA", ""], "n": ["007", "", "1e5"]}


def test_csv_is_cut_after_so_many_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\n" + "\n".join(TEXTS), encoding="utf-8")
    tables = list(read_tables(path, 4, "text"))
    assert [len(one) for one in tables] == [4, 4, 2]
    assert [text for one in tables for text in one["text"].to_pylist()] == TEXTS


def test_files_of_a_folder_are_read_by_name_but_not_hidden_ones(tmp_path):
    for name in ("b.csv", "a/c.parquet", "z.CSV", ".hidden.csv", "_run/d.csv", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert files_of(tmp_path) == [tmp_path / name for name in ("a/c.parquet", "b.csv", "z.CSV")]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"text,n\nup,1\nup\n", "line 3: the row has 1 fields, the header 2"),
        ("a.csv", b"text,text\nup,1\n", "has two columns with the same name: text, text"),
        ("a.csv", b"tweet\nup\n", "has no column 'text'; it has tweet"),
        ("a.csv", b"", "has no column 'text'; it has none"),
        ("a.csv", b"text\n\xff\n", "line 2: not UTF-8"),
        ("a.csv", b'text\n"up', "line 2: not CSV: unexpected end of data"),
        ("a.parquet", b"text\nup\n", "as Parquet"),
        ("b.csv", None, "No such file or directory"),
        ("a.jsonl", b'{"text": "up"}\n{"text": 1}', "line 2: the field 'text' is not a string"),
        ("a.tsv", b"text\tn\nup\t1\nup", "line 3: the row has 1 fields, the header 2"),
        ("a.csv.gz", b"\x1f\x8bup", "its gzip data are damaged or cut off"),
        ("b.parquet", None, "as Parquet"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}.*{sentence}"):
        list(read_tables(tmp_path / name, 2, "text"))


def test_a_column_that_holds_no_texts_is_named(tmp_path):
    pq.write_table(pa.table({"text": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="the column 'text' is int64, expected string"):
        list(read_tables(tmp_path / "a.parquet", 2, "text"))


@pytest.mark.parametrize("name", ["", "a.md", "none.csv"])
def test_a_path_without_tables_is_refused(tmp_path, name):
    (tmp_path / "a.txt").touch()
    (tmp_path / "a.md").touch()
    with pytest.raises(InputError, match=r"\.csv"):
        files_of(tmp_path / name)


def test_the_first_json_lines_decide_on_columns_and_types(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = ['{"text": "up", "n": 1, "l": [1]}', '{"text": null, "f": 0.5}', '{"text": "c", "n": 2}']
    path.write_text("\n".join(rows))
    first, second = read_tables(path, 2, "text")
    kinds = {"text": pa.string(), "n": pa.int64(), "l": pa.string(), "f": pa.float64()}
    assert first.schema == second.schema == pa.schema(kinds)
    assert first.to_pylist() == [
        {"text": "up", "n": 1, "l": "[1]", "f": None},
        {"text": None, "n": None, "l": None, "f": 0.5},
    ]
    assert second["n"].to_pylist() == [2]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"text": "c", "n": "x"}', "line 3: the field 'n' does not fit the column's type int64"),
        (
            '{"text": "c", "m": 1}',
            "line 3: the field 'm' has no column; the columns are those of",
        ),
    ],
)
def test_a_json_line_that_does_not_fit_is_named(tmp_path, line, sentence):
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "a", "n": 1}}\n{{"text": "b"}}\n{line}\n')
    with pytest.raises(InputError, match=sentence):
        list(read_tables(path, 2, "text"))


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.csv.gz"])
def test_lines_of_text_and_compressed_files_are_tables(tmp_path, name):
    path = tmp_path / name
    content = ("" if "txt" in name else "text\n") + "\n".join(TEXTS)
    path.write_bytes(gzip.compress(content.encode()) if name.endswith("gz") else content.encode())
    assert files_of(path) == [path]
    tables = list(read_tables(path, 4, "text"))
    assert [len(one) for one in tables] == [4, 4, 2]
    assert [text for one in tables for text in one["text"].to_pylist()] == TEXTS
