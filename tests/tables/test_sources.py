"""Sources of lines: line ends, byte order marks, gzip, other encodings and endless lines."""

from __future__ import annotations

import gzip
import io
import os
import threading
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from table_files import rows_in

from dixtill.errors import InputError
from dixtill.tables import header, source
from dixtill.tables.rows import BadRow, Row
from dixtill.tables.source import Source
from dixtill.tables.table import opened_table, rows_of


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("format", ["csv", "tsv", "text", "jsonl"])
def test_every_line_end_ends_a_line(format, end, seed):
    content = '{"text": "up"}\n{"text": "down"}\n' if format == "jsonl" else "up\ndown\n"
    content = content if format in ("text", "jsonl") else f"text\n{content}"
    rows = rows_in(content.replace("\n", end).encode(), format, seed)
    assert [row.text for row in rows] == ["up", "down"]
    assert [row.number for row in rows] == ([2, 3] if format in ("csv", "tsv") else [1, 2])
    without_last = content.replace("\n", end).encode().removesuffix(end.encode())
    assert [row.text for row in rows_in(without_last, format, seed)] == ["up", "down"]


@pytest.mark.parametrize("seed", range(20))
def test_a_line_end_inside_quotation_marks_is_kept_wherever_a_pipe_cuts_it(seed):
    content = b'text\r\n"a\r\nb\rc\nd\r\r\n"\r\n'
    (row,) = rows_in(content, "csv", seed)
    assert row.text == "a\r\nb\rc\nd\r\r\n"


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_gzip_is_recognized_by_its_content(members, seed):
    lines = [f"text {number}\r\n".encode() for number in range(300)]
    size = len(lines) // members
    parts = [b"".join(lines[at : at + size]) for at in range(0, len(lines), size)]
    content = b"".join(gzip.compress(part) for part in parts)
    assert [row.text for row in rows_in(content, "text", seed)] == [
        f"text {number}" for number in range(300)
    ]


def test_rows_of_a_compressed_pipe_arrive_before_it_ends():
    compress = zlib.compressobj(wbits=31)
    first = compress.compress(b"up\n") + compress.flush(zlib.Z_SYNC_FLUSH)
    reading, writing = os.pipe()
    with open(reading, "rb") as file, open(writing, "wb", buffering=0) as pipe:
        pipe.write(first)
        blocks = Source(file, "pipe").line_blocks()
        found: list[list[bytes]] = []
        thread = threading.Thread(target=lambda: found.append(next(blocks)))
        thread.start()
        thread.join(timeout=30)
        assert found == [[b"up\n"]]
        pipe.write(compress.compress(b"down\n") + compress.flush())
        pipe.close()
        assert list(blocks) == [[b"down\n"]]


@pytest.mark.parametrize("cut", [*range(1, 40), -1, -5])
def test_truncated_gzip_is_an_input_error(cut):
    content = gzip.compress(os.urandom(4000).hex().encode())
    if cut == 1:
        assert isinstance(rows_in(content[:1], "text")[0], Row)  # a control character
        return
    with pytest.raises(InputError, match="data: its gzip data are damaged or cut off"):
        rows_in(content[:cut], "text")


def test_damaged_gzip_is_an_input_error():
    content = bytearray(gzip.compress(b"up\n" * 1000))
    for place in range(2, len(content)):
        damaged = bytes(content[:place]) + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
        with suppress(InputError):  # damage to some bytes, such as the time stamp, has no effect
            rows_in(damaged, "text")


def test_text_after_gzip_data_is_refused():
    with pytest.raises(InputError, match="its gzip data are damaged"):
        rows_in(gzip.compress(b"up\n") + b"down\n", "text")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
@pytest.mark.parametrize("compressed", [False, True])
def test_utf_16_is_refused_by_name(encoding, compressed):
    content = "text\nup\n".encode(encoding)
    if encoding == "utf-32-le":
        assert rows_in(content, "text")  # NUL is valid UTF-8
        return
    with pytest.raises(InputError, match="data is UTF-16 text, expected UTF-8; save it as UTF-8"):
        rows_in(gzip.compress(content) if compressed else content, "csv")


def test_nul_bytes_are_characters():
    assert [row.text for row in rows_in(b"a\0b\n\0\n", "text")] == ["a\0b", "\0"]
    rows = rows_in(b"text\na\0b\n", "csv")  # the csv module of Python 3.10 refuses NUL
    assert all(isinstance(row, BadRow) or row.text == "a\0b" for row in rows)


@pytest.fixture
def small(monkeypatch):
    """Limit rows to 1,000 bytes, and read 100 bytes at a time."""
    monkeypatch.setattr(header, "LARGEST_ROW", 1000)
    monkeypatch.setattr(source, "_CHUNK", 100)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("length", [1001, 5000])
def test_a_line_that_is_too_large_is_a_bad_row_with_its_number(length):
    long = b"x" * length
    for row in (rows_in(b"up\n" + long + b"\ndown\n", "text")[1],
                rows_in(b'{"text": "up"}\n{"text": "' + long + b'"}\n', "jsonl")[1],
                rows_in(b"text\n" + long + b"\ndown\n", "csv")[0]):  # fmt: skip
        assert isinstance(row, BadRow)
        assert row.number == 2
        assert "larger than" in row.reason
    assert [row.text for row in rows_in(b"x" * 999 + b"\nup", "text")] == ["x" * 999, "up"]
    assert rows_in(b"up\n" + long + b"\ndown\n", "text")[2] == Row(3, "down", {"text": "down"})
    assert [row.number for row in rows_in(b"text\n" + long + b"\ndown\n", "csv")] == [2, 3]


@pytest.mark.usefixtures("small")
def test_an_endless_row_of_many_short_lines_is_a_bad_row():
    content = b'text,n\n"up","' + b'\n","' * 1000 + b"\nlast,1\n"
    *bad, last = rows_in(content, "csv")
    assert all(isinstance(row, BadRow) for row in bad)
    assert "larger than" in bad[0].reason
    assert last.text == "last"


class Endless(io.RawIOBase):
    """A file of `size` bytes without a line end."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read1(self, size: int) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return b"x" * size


@pytest.mark.parametrize("format", ["text", "jsonl", "csv"])
def test_a_line_without_end_takes_bounded_memory(format, monkeypatch):
    monkeypatch.setattr(header, "LARGEST_ROW", 1 << 20)
    endless = Endless(64 << 20)
    tracemalloc.start()
    try:
        with suppress(InputError):  # the header is too large
            for block in rows_of(Source(endless, "data"), "data", "text", format).blocks:
                assert all(isinstance(row, BadRow) for row in block)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
    assert not endless.read1(1)


@pytest.mark.slow
def test_a_gzip_bomb_is_read_in_bounded_memory(tmp_path):
    content = gzip.compress(b"up down\n" * (64 << 17))  # 64 MB in 65 kB
    assert len(content) < 100_000
    tracemalloc.start()
    try:
        numbers = 0
        for lines in Source(io.BytesIO(content), "data").line_blocks():
            numbers += len(lines)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert numbers == 64 << 17
    assert peak < 16 << 20


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent.csv", "cannot read .*absent.csv: No such file or directory"),
        ("folder.csv", "cannot read .*folder.csv: Is a directory"),
        ("folder.parquet", "cannot read .*folder.parquet as Parquet: "),
        ("a\0b.csv", "cannot read .*: embedded null byte"),
        ("a.csv/b.csv", "cannot read .*a.csv/b.csv: Not a directory"),
    ],
)
def test_a_path_that_cannot_be_opened_is_an_input_error(tmp_path, name, sentence):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "a.csv").write_text("text\nup\n")
    with pytest.raises(InputError, match=sentence), opened_table(f"{tmp_path}/{name}") as table:
        list(table.rows())


def test_a_closed_standard_input_is_an_input_error(monkeypatch):
    for closed in (None, io.StringIO()):
        if closed:
            closed.close()
        monkeypatch.setattr("sys.stdin", closed)
        with pytest.raises(InputError, match="standard input is closed"), opened_table("-"):
            pass


@pytest.mark.skipif(os.name != "posix", reason="needs FIFOs")
def test_a_fifo_is_read_as_a_file(tmp_path):
    fifo = tmp_path / "a.csv"
    os.mkfifo(fifo)
    thread = threading.Thread(target=lambda: fifo.write_text("text\nup\n"))
    thread.start()
    with opened_table(str(fifo)) as table:
        assert [row.text for row in table.rows()] == ["up"]
    thread.join(timeout=30)


@pytest.mark.parametrize("line", ["a" * 20_000, "a," * 10_000, "a,a," + "b" * 20_000])
def test_a_long_header_is_quoted_in_part(tmp_path, line):
    path = tmp_path / "t.csv"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InputError) as refusal, opened_table(str(path), "a") as table:
        list(table.rows())
    assert len(str(refusal.value)) < 1000
