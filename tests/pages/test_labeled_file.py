"""Texts of CSV files are read as the training side reads them; a mistake is one sentence."""

from __future__ import annotations

import pytest

from dixtill.errors import InputError
from dixtill.pages.labeled_file import read_labeled

LABELS = ("bearish", "bullish", "neutral")


def read(tmp_path, content, text_column="text", label_column=None):
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_labeled(path, LABELS, text_column, label_column)


def test_labels_are_names_or_indices_or_absent(tmp_path):
    content = '\ufefftext,label\n"one, with\na line",bullish\ntwo, bearish\nthree,\n'
    assert read(tmp_path, content) == [
        (2, "one, with\na line", "bullish"), (4, "two", "bearish"), (5, "three", None),
    ]  # fmt: skip


def test_labels_that_are_names_and_indices_are_refused(tmp_path):
    sentence = "line 4: label '0' is an index, but 'bullish' in line 2 is a name; use either"
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, "text,label\none,bullish\ntwo,\nthree,0\n")


def test_a_file_without_labels_is_read(tmp_path):
    assert read(tmp_path, "text\nup\n") == [(2, "up", None)]
    assert read(tmp_path, "tweet,text\nup,x\n", "tweet") == [(2, "up", None)]


def test_columns_may_have_other_names(tmp_path):
    assert read(tmp_path, "a,b\nup,1\n", "a", "b") == [(2, "up", "bullish")]


def test_rows_are_those_of_the_training_side(tmp_path):
    corpus = pytest.importorskip(
        "dixtill.distillation.data.corpus", reason="compares with the extra train"
    )
    content = 'label,text\n1,up\n0,down\n2,"a ""b"""\n'
    rows = read(tmp_path, content)
    expected = corpus.read_corpus(tmp_path / "data.csv", LABELS)
    assert tuple(row.text for row in rows) == expected.texts
    assert [LABELS.index(row.label) for row in rows] == list(expected.labels)


@pytest.mark.parametrize(
    ("content", "columns", "sentence"),
    [
        ("tweet\nup\n", ("text", None), r"has no column 'text'; it has tweet"),
        ("text\nup\n", ("text", "label"), r"has no column 'label'"),
        ("", ("text", None), r"no column 'text'; it has none"),
        ("text,label\n", ("text", None), r"has a header but no rows"),
        ("text,label\nup,9\n", ("text", None), r"line 2: label '9' is not one of bearish, "),
        ('text\n"up\n', ("text", None), r"line 2: not CSV: unexpected end of data"),
        (b"text\n\xff\n", ("text", None), r"line 2: not UTF-8"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(tmp_path, content, columns, sentence):
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, content, *columns)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_labeled(tmp_path / "none.csv", LABELS, "text", None)


def test_a_text_may_be_as_long_as_an_article(tmp_path):
    (tmp_path / "data.csv").write_text(f'text\n"{"up, " * 50_000}"\n', encoding="utf-8")
    [row] = read_labeled(tmp_path / "data.csv", LABELS, "text", None)
    assert row.text == "up, " * 50_000
