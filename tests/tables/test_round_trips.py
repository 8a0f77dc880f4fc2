"""Everything that takes texts reads back what csv, json, pyarrow and gzip have written."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from table_files import rows_in, table_bytes, written

from dixtill.pages.labeled_file import read_labeled
from dixtill.tables.table import Layout, opened_table

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")
pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'dixtill[score]'")

NAMES = ("down", "up, or not", '"é"')
NUL = "" if sys.version_info >= (3, 11) else "\0"  # the csv module of Python 3.10 refuses it
TEXTS = (
    st.text(st.sampled_from('a,;"\\\n\r\t\x00\x1fé中😀\u2028\x85\ufeff null')) | st.text()
).filter(lambda text: not NUL or NUL not in text)
ROWS = st.lists(
    st.fixed_dictionaries({"id": TEXTS, "text": TEXTS, "label": st.sampled_from(NAMES)}),
    min_size=1,
)  # fmt: skip
FILES = ("a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.csv.gz", "a.tsv.gz", "a.jsonl.gz")


def format_in(name: str) -> str:
    return name.split(".")[1]


@hypothesis.given(ROWS, st.sampled_from(["csv", "tsv", "jsonl"]), st.integers(0, 99))
@hypothesis.settings(deadline=None)
def test_rows_are_read_as_they_were_written(rows, format, seed):
    found = rows_in(table_bytes(rows, format), format, seed)
    assert [row.fields for row in found] == rows
    assert [row.text for row in found] == [row["text"] for row in rows]


@hypothesis.given(ROWS, st.sampled_from(";|\t:é"), st.integers(0, 99))
@hypothesis.settings(deadline=None)
def test_fields_may_be_separated_by_any_character(rows, delimiter, seed):
    content = table_bytes(rows, "csv", delimiter)
    assert [row.fields for row in rows_in(content, "csv", seed, delimiter=delimiter)] == rows


@hypothesis.given(ROWS, st.sampled_from(FILES))
@hypothesis.settings(deadline=None, max_examples=200)
def test_every_reader_reads_what_was_written(rows, name):
    texts, labels = zip(*[(row["text"], row["label"]) for row in rows], strict=True)
    with TemporaryDirectory() as folder:
        path = written(Path(folder), name, table_bytes(rows, format_in(name)))
        with opened_table(path) as table:
            assert [row.text for row in table.rows()] == list(texts)
        found = read_labeled(Path(path), NAMES, "text", None)
        assert [(row.text, row.label) for row in found] == list(zip(texts, labels, strict=True))
        from dixtill.bulk.arrow_tables import read_tables

        tables = list(read_tables(Path(path), 2, "text"))
        assert [row for one in tables for row in one.to_pylist()] == rows


@hypothesis.given(ROWS, st.sampled_from(FILES))
@hypothesis.settings(deadline=None, max_examples=50)
def test_training_reads_what_was_written(rows, name):
    corpus = pytest.importorskip("dixtill.distillation.data.corpus", reason="needs the extra train")
    from dixtill.distillation.data import unlabeled

    texts = [row["text"] for row in rows]
    with TemporaryDirectory() as folder:
        path = written(Path(folder), name, table_bytes(rows, format_in(name)))
        found = corpus.read_corpus(path, NAMES)
        assert list(found.texts) == texts
        assert [NAMES[label] for label in found.labels] == [row["label"] for row in rows]
        kept = list(dict.fromkeys(text for text in texts if text.strip()))
        if kept:
            assert unlabeled.read_texts(path) == kept
            assert unlabeled.read_texts(folder) == kept


@hypothesis.given(st.lists(st.text().filter(lambda text: not set(text) & set("\r\n")), min_size=1))
@hypothesis.settings(deadline=None)
def test_lines_of_text_are_read_as_they_were_written(lines):
    with TemporaryDirectory() as folder:
        content = "".join(f"{line}\r\n" for line in lines).encode()
        for name in ("a.txt", "a.txt.gz", "a"):
            path = written(Path(folder), name, b"\xef\xbb\xbf" + content)
            with opened_table(path, layout=Layout("text")) as table:
                assert [row.text for row in table.rows()] == lines
