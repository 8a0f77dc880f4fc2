"""For any content, the fields of CSV and JSON lines are kept, and each text gets its answer."""

from __future__ import annotations

import csv
import io
import json
import sys
from random import Random

import pytest
from tiny_students import random_model

from dixtill.runtime.classifier import Classifier
from dixtill.streams.answers import AnswerColumns
from dixtill.streams.interruption import Interruption
from dixtill.streams.writers import CsvTable, JsonLines
from dixtill.tables.delimited import read_delimited
from dixtill.tables.lines import read_json_lines, read_text_lines
from dixtill.tables.rows import Row
from dixtill.tables.source import Source

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

CLASSIFIER = Classifier(random_model())
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ANSWERS = AnswerColumns(CLASSIFIER.kind)
HOSTILE = (
    st.text(st.sampled_from('a,"\\\n\r\t\x00\x1f;é中😀\u2028\u2029\x85\ufeff\x0b')) | st.text()
)
SURROGATES = st.text(st.sampled_from("a\ud800\udfff😀"))
VALUES = st.none() | st.booleans() | st.integers() | HOSTILE | SURROGATES | st.lists(HOSTILE)


class Pieces(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, content, rng):
        self._rest = io.BytesIO(content)
        self._rng = rng

    def read1(self, size):
        return self._rest.read(min(size, self._rng.randint(1, 40)))


def source_of(content, seed):
    return Source(Pieces(content, Random(seed)), "a.csv", Interruption())


def read_rows(rows):
    return [row for block in rows.blocks for row in block]


def written_by(make, rows):
    blocks = []
    writer = make(blocks.append)
    writer.start(rows)
    prepared = [writer.prepare(row) for row in rows]
    writer.write(prepared, CLASSIFIER([row.text for row in rows]))
    return b"".join(blocks)


def labels_of(rows):
    return [CLASSIFIER(row.text).label for row in rows]


def without_surrogates(value):
    written = json.dumps(value, ensure_ascii=False)
    return json.loads("".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in written))


@hypothesis.given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1), st.integers(0, 99))
@hypothesis.settings(deadline=None)
def test_csv_comes_out_as_it_came_in(pairs, seed):
    if sys.version_info < (3, 11):  # its csv module refuses NUL
        pairs = [tuple(value.replace("\x00", "") for value in pair) for pair in pairs]
    given = io.StringIO(newline="")
    csv.writer(given).writerows([("other", "text"), *pairs])
    rows = read_rows(read_delimited(source_of(given.getvalue().encode(), seed), "a.csv", "text"))
    assert [(row.fields["other"], row.text) for row in rows] == pairs
    table = written_by(lambda sink: CsvTable(sink, ANSWERS, ["other", "text"]), rows)
    found = list(csv.reader(io.StringIO(table.decode(), newline=""), strict=True))
    assert [tuple(row[:2]) for row in found[1:]] == pairs
    assert [row[2] for row in found[1:]] == labels_of(rows)


@hypothesis.given(
    st.lists(st.fixed_dictionaries({"text": HOSTILE | SURROGATES}, optional={"x": VALUES})),
    st.booleans(),
    st.integers(0, 99),
)
@hypothesis.settings(deadline=None)
def test_json_lines_come_out_as_they_came_in(objects, in_ascii, seed):
    lines = [json.dumps(one, ensure_ascii=in_ascii) + "\n" for one in objects]
    content = "".join(lines).encode("utf-8", "surrogatepass")
    items = read_rows(read_json_lines(source_of(content, seed), "text"))
    # The escape of a lone surrogate is well-formed JSON, but UTF-8 cannot encode it.
    kept = [json.loads(line) for line in lines if _is_utf8(line)]
    rows = [item for item in items if isinstance(item, Row)]
    assert [row.text for row in rows] == [without_surrogates(one)["text"] for one in kept]
    assert len(items) == len(objects)
    written = written_by(lambda sink: JsonLines(sink, ANSWERS), rows).decode().split("\n")[:-1]
    found = [json.loads(line) for line in written]
    # Two consecutive escapes of a surrogate pair are one character.
    for one, row in zip(map(without_surrogates, kept), found, strict=True):
        assert {name: row[name] for name in one} == one
    assert [row["predicted_label"] for row in found] == labels_of(rows)


def _is_utf8(line):
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


@hypothesis.given(st.binary() | HOSTILE.map(str.encode), st.integers(0, 99))
@hypothesis.example(b"", 0)
@hypothesis.example(BYTE_ORDER_MARK, 0)
@hypothesis.settings(deadline=None)
def test_every_line_of_bytes_gives_a_row_or_a_bad_row(content, seed):
    # Put a mark first: otherwise the content's own beginning could be taken for one.
    items = read_rows(read_text_lines(source_of(BYTE_ORDER_MARK + content, seed), "text"))
    lines = content.splitlines()  # bytes split at LF, CR LF and CR only
    assert [item.number for item in items] == list(range(1, len(lines) + 1))
    for item, line in zip(items, lines, strict=True):
        if isinstance(item, Row):
            assert item.text.encode() == line
        else:
            with pytest.raises(UnicodeDecodeError):
                line.decode()
    for reader in (read_json_lines, lambda source, name: read_delimited(source, "a.csv", name)):
        read_rows(reader(source_of(b"text\n" + content, seed), "text"))
