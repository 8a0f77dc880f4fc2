"""Parquet of odd types and hostile bytes: unreadable rows are named, and no other row is lost."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'dixtill[score]'")
import pyarrow as pa
import pyarrow.parquet as pq

from dixtill.bulk.arrow_tables import read_tables
from dixtill.cli import main
from dixtill.errors import InputError
from dixtill.tables.parquet import read_parquet
from dixtill.tables.rows import BadRow
from dixtill.tables.table import opened_table

NOT_UTF8 = b"caf\xe9"


def as_strings(values):
    """Make strings without checking that they are UTF-8, as other writers of Parquet may do."""
    return pa.array(values, pa.binary()).cast(pa.string(), safe=False)


def rows_of(path):
    return [row for block in read_parquet(str(path), "text").blocks for row in block]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.parquet"


def test_a_text_that_is_not_utf_8_is_a_bad_row(path, tmp_path, capsys):
    pq.write_table(pa.table({"text": as_strings([b"up", NOT_UTF8, None, b"down"])}), path)
    up, bad, missing, down = rows_of(path)
    assert (up.text, down.text) == ("up", "down")
    assert (bad.number, bad.reason) == (2, "the field 'text' is not UTF-8")
    assert missing.reason == "the field 'text' is null"
    for output in ("o.jsonl", "o.csv", "o.parquet"):
        assert main(["infer", "--input", str(path), "--output", str(tmp_path / output)]) == 0
        error = capsys.readouterr().err
        assert f"{path}, row 2: the field 'text' is not UTF-8" in error
        assert "2 rows, 2 bad rows" in error
    with (
        opened_table(str(path)) as table,
        pytest.raises(InputError, match="row 2: the field"),
    ):
        list(table.rows())
    with pytest.raises(InputError, match="rows 1 to 4: the field 'text' is not UTF-8"):
        list(read_tables(path, 10, "text"))
    assert main(["score", "--data", str(path), "--out", str(tmp_path / "scores")]) == 2


@pytest.mark.parametrize("kind", ["binary", "string"])
def test_a_field_that_is_not_utf_8_makes_a_bad_row_if_it_is_written_as_text(
    path, tmp_path, capsys, kind
):
    values = [b"a", NOT_UTF8]
    other = pa.array(values, pa.binary()) if kind == "binary" else as_strings(values)
    pq.write_table(pa.table({"text": ["up", "down"], "other": other}), path)
    good, bad = rows_of(path)
    assert good.fields == {"text": "up", "other": "a"}
    assert (bad.number, bad.reason) == (2, "the field 'other' is not UTF-8")
    for output, rows in (("o.jsonl", "1 row, 1 bad row"), ("o.parquet", "2 rows, 0 bad rows")):
        assert main(["infer", "--input", str(path), "--output", str(tmp_path / output)]) == 0
        assert rows in capsys.readouterr().err


ODD = {
    "date": pa.array([datetime.date(2026, 1, 2)]),
    "time": pa.array([datetime.time(1, 2, 3)]),
    "late": pa.array([2**62], pa.timestamp("ns")),
    "far": pa.array([2**62], pa.timestamp("ms")),
    "zone": pa.array([0], pa.timestamp("us", "Europe/Rome")),
    "duration": pa.array([5], pa.duration("s")),
    "decimal": pa.array([Decimal("1.50")]),
    "half": pa.array([1.5], pa.float16()),
    "null": pa.nulls(1),
    "fixed": pa.array([b"abc"], pa.binary(3)),
    "view": pa.array(["x"], pa.string_view()),
    "words": pa.array(["x"]).dictionary_encode(),
    "list": pa.array([[1, None]]),
    "bytes": pa.array([[b"\xff"]]),
    "struct": pa.array([{"a": {"b": [1.5]}}]),
    "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    "nested": pa.array([[2**62]], pa.list_(pa.timestamp("ns"))),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("output", ["o.jsonl", "o.csv", "o.parquet"])
def test_odd_types_do_not_end_a_run(path, tmp_path, capsys, kind, output):
    pq.write_table(pa.table({"text": ["up"], "odd": ODD[kind]}), path)
    assert main(["infer", "--input", str(path), "--output", str(tmp_path / output)]) == 0
    error = capsys.readouterr().err
    assert "1 row, 0 bad rows" in error or "the field 'odd' is of a type" in error
    if output == "o.jsonl" and "1 row," in error:
        assert json.loads((tmp_path / output).read_bytes())["text"] == "up"


@pytest.mark.parametrize("kind", ["binary", "int64", "list<item: string>", "null"])
def test_a_text_column_of_another_type_is_refused(path, kind):
    columns = {"binary": [b"up"], "int64": [1], "list<item: string>": [["up"]], "null": [None]}
    pq.write_table(pa.table({"text": columns[kind]}), path)
    with pytest.raises(InputError, match=r"the column 'text' is .*, expected string"):
        read_parquet(str(path), "text")


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view()])
def test_texts_of_every_string_type_are_read(path, kind):
    pq.write_table(pa.table({"text": pa.array(["up", "é"], kind)}), path)
    assert [row.text for row in rows_of(path)] == ["up", "é"]


def test_an_encrypted_file_is_an_input_error(path):
    pe = pytest.importorskip("pyarrow.parquet.encryption")

    class Keys(pe.KmsClient):
        def __init__(self, _):
            pe.KmsClient.__init__(self)

        def wrap_key(self, key, _):
            return key.hex().encode()

        def unwrap_key(self, key, _):
            return bytes.fromhex(key.decode())

    factory = pe.CryptoFactory(Keys)
    properties = factory.file_encryption_properties(
        pe.KmsConnectionConfig(),
        pe.EncryptionConfiguration(footer_key="k", column_keys={"k": ["text"]}),
    )
    table = pa.table({"text": ["up"]})
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    with pytest.raises(InputError, match=r"cannot read .* as Parquet: .*"):
        rows_of(path)


def test_only_the_columns_that_are_asked_for_are_read(path):
    pq.write_table(pa.table({"text": ["up"], "label": ["x"], "odd": [NOT_UTF8]}), path)
    with opened_table(str(path), only=["text", "label", "absent"]) as table:
        (row,) = table.rows()
    assert row.fields == {"text": "up", "label": "x"}
    assert not isinstance(row, BadRow)
