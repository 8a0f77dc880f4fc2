"""Arbitrary bytes, in every format, give rows, bad rows or an InputError, and nothing else."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from table_files import rows_in, table_bytes

from dixtill.cli import main
from dixtill.errors import InputError
from dixtill.pages.labeled_file import read_labeled
from dixtill.tables.rows import BadRow, Row

hypothesis = pytest.importorskip("hypothesis", reason="draws bytes with hypothesis")
st = pytest.importorskip("hypothesis.strategies")
pa = pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'dixtill[score]'")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = [{"text": f"Shares jump {number}", "label": "up"} for number in range(20)]
SUFFIXES = ("csv", "tsv", "jsonl", "txt", "parquet", "csv.gz", "jsonl.gz")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
LINES = st.dictionaries(st.sampled_from(["text", "label", "é"]), VALUES) | VALUES
BYTES = (
    st.binary()
    | st.binary().map(lambda rest: b"text,label\n" + rest)
    | st.binary().map(lambda rest: b"text\tlabel\r" + rest)
    | st.lists(LINES).map(lambda found: "\n".join(map(json.dumps, found)).encode())
    | st.binary().map(gzip.compress)
    | st.binary().map(lambda rest: b"\x1f\x8b\x08" + rest)
)


def damaged(content: bytes, place: int, new: int) -> bytes:
    place %= len(content)
    return content[:place] + bytes([new]) + content[place + 1 :]


PARQUET = table_bytes(ROWS, "parquet")
DAMAGED_PARQUET = st.builds(damaged, st.just(PARQUET), st.integers(0), st.integers(0, 255)) | (
    st.integers(0, len(PARQUET)).map(lambda end: PARQUET[:end])
)


@pytest.mark.slow
@hypothesis.given(BYTES, st.sampled_from(["csv", "tsv", "jsonl", "text"]), st.integers(0, 99))
@hypothesis.settings(deadline=None, max_examples=200)
def test_any_bytes_give_rows_bad_rows_or_an_input_error(content, format, seed):
    with suppress(InputError):
        for row in rows_in(content, format, seed):
            assert isinstance(row, (Row, BadRow))
            if isinstance(row, Row):
                assert isinstance(row.text, str)


@pytest.mark.slow
@hypothesis.given(BYTES | DAMAGED_PARQUET, st.sampled_from(SUFFIXES))
@hypothesis.settings(deadline=None, max_examples=200)
def test_readers_of_whole_files_survive_any_bytes(content, suffix):
    from dixtill.bulk.arrow_tables import files_of, read_tables

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        path.write_bytes(content)
        with suppress(InputError):
            for row in read_labeled(path, ("up", "down"), "text", None):
                row.text.encode()
                assert row.label in ("up", "down", None)
        with suppress(InputError):
            (found,) = files_of(path)
            for table in read_tables(found, 3, "text"):
                assert all(
                    text is None or text.encode() is not None for text in table["text"].to_pylist()
                )


@hypothesis.given(BYTES | DAMAGED_PARQUET, st.sampled_from(SUFFIXES))
@hypothesis.settings(deadline=None, max_examples=60)
def test_training_survives_any_bytes(content, suffix):
    corpus = pytest.importorskip("dixtill.distillation.data.corpus", reason="needs the extra train")
    from dixtill.distillation.data import unlabeled

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        path.write_bytes(content)
        for read in (corpus.read_corpus, unlabeled.read_texts):
            with suppress(InputError):
                read(path)


@pytest.mark.slow
@hypothesis.given(BYTES | DAMAGED_PARQUET, st.sampled_from(SUFFIXES))
@hypothesis.settings(deadline=None, max_examples=30)
def test_commands_exit_with_0_or_2(content, suffix):
    with TemporaryDirectory() as folder:
        path, out = f"{folder}/a.{suffix}", f"{folder}/out"
        Path(path).write_bytes(content)
        for arguments in (
            ["infer", "--input", path, "--output", f"{out}.jsonl"],
            ["infer", "--input", path, "--output", f"{out}.parquet"],
            ["explain", "--data", path, "--html", f"{out}.html"],
            ["score", "--data", path, "--out", out],
        ):
            assert main(arguments) in (0, 2)
