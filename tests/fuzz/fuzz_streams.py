"""Hostile tables, fuzzed: CSV, TSV, JSON lines, text, Parquet, each perhaps gzipped, then changed.

Each is answered by `dixtill infer --input` in this process, and read as a table, as training does.
Neither ends in anything but an exit status of 0 or 2 and an InputError; what was written is whole.

    tools/run_sanitized.sh address -m tests.fuzz.fuzz_streams --cases 100000 --seed 1
"""

from __future__ import annotations

import contextlib
import csv
import functools
import gzip
import io
import json
import random
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.tiny_students import random_model

from dixtill.cli import main
from dixtill.errors import DixtillError
from dixtill.specification.model_file import write_model
from dixtill.tables.table import opened_table

from . import fuzzing

SUFFIXES = ("csv", "tsv", "jsonl", "txt", "parquet")
HOSTILE_TEXTS = (
    *("", "shares jump", 'say "up"', "a,b", "a\tb", "a\nb", "\r", "=1+1", "\0"),
    *(
        "\x9b31m",
        "\u202e",
        "\ufeff",
        "é🚀中",
        "\ud800",
        "\ud83d\ude80",
        "NULL",
        "nan",
        "a" * 5000,
        "&amp; https://x.co",
    ),
)
HOSTILE_VALUES: tuple[Any, ...] = (None, True, -1, 2**70, 1.5, 1e400, [], [0, 2], {"a": {}}, "x")
HOSTILE_BYTES = (
    *(b"\0", b"\r", b"\n", b"\r\n", b'"', b'""', b",", b"\t", b"\\", b"\xff", b"\xed\xa0\x80"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xc0\x80", b"[" * 3000, b'{"a":' * 3000, b"NaN", b"1e999"),
    *(b"\\ud800", b"\x1f\x8b", b"PAR1", b"a" * 200_000, b"9" * 5000),
)


# Controls, but for the line's end; bidirectional overrides and isolates; lone surrogates.
UNSAFE = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def case(rng: random.Random) -> str:
    """Make a table, change its bytes, answer it, and read it."""
    suffix = rng.choice(SUFFIXES)
    content = table(rng, suffix)
    if rng.random() < 0.7:
        content = changed(rng, content)
    if suffix != "parquet" and rng.random() < 0.2:
        content, suffix = gzip.compress(content, 1), suffix + ".gz"
        if rng.random() < 0.5:
            content = changed(rng, content)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"table.{suffix}")
        path.write_bytes(content)
        status = infer(rng, path)
        read(path)
        left = sorted(p.name for p in Path(folder).iterdir())
        assert left == [path.name], f"files were left: {left}"
    return f"{suffix.removesuffix('.gz')}: exit status {status}"


def table(rng: random.Random, suffix: str) -> bytes:
    """A table with the columns text and label, of texts that are hard to write."""
    texts = [rng.choice(HOSTILE_TEXTS) for _ in range(rng.randrange(5))]
    if suffix == "parquet":
        return _parquet(rng, texts)
    if suffix == "jsonl":
        label = rng.choice(HOSTILE_VALUES)
        rows = [{"text": text, "label": label, rng.choice(HOSTILE_TEXTS): text} for text in texts]
        return "".join(json.dumps(row) + "\n" for row in rows).encode("utf-8")
    if suffix == "txt":
        return "\n".join(texts).encode("utf-8", "surrogatepass")
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, delimiter="\t" if suffix == "tsv" else ",", strict=True)
    writer.writerows([("text", "label"), *((text, rng.choice("01x")) for text in texts)])
    return lines.getvalue().encode("utf-8", "surrogatepass")


def _parquet(rng: random.Random, texts: list[str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    encoded = [rng.choice((None, text.encode("utf-8", "surrogatepass"))) for text in texts]
    columns = {
        "text": pa.array(encoded, pa.binary()),
        "label": pa.array([rng.choice((None, 0, 7)) for _ in texts]),
    }
    if rng.random() < 0.8:  # else bytes, which may be no UTF-8
        columns["text"] = pa.array([text.encode("utf-8", "replace").decode() for text in texts])
    if rng.random() < 0.2:
        columns[rng.choice(("", "prediction", "a\n\x1b"))] = pa.array([[b"\xff"]] * len(texts))
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def changed(rng: random.Random, content: bytes) -> bytes:
    """Bytes are put in, taken away, replaced, doubled; or the end is cut off."""
    result = bytearray(content)
    for _ in range(rng.randrange(1, 5)):
        place = rng.randrange(len(result) + 1)
        length = rng.randrange(12)
        match rng.randrange(5):
            case 0:
                result[place:place] = rng.choice(HOSTILE_BYTES)
            case 1:
                result[place : place + length] = rng.randbytes(length)
            case 2:
                del result[place : place + length]
            case 3:
                result[place:place] = result[place : place + length] * 2
            case _:
                del result[max(place, len(result) - 20) :]
    return bytes(result)


@functools.cache
def student() -> str:
    """The path of a small student, for as long as this process lives."""
    folder = tempfile.TemporaryDirectory()
    _FOLDERS.append(folder)
    path = Path(folder.name, "student.safetensors")
    write_model(random_model(), path)
    return str(path)


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


def infer(rng: random.Random, path: Path) -> int:
    """The command's exit status; fails on a traceback, or where the rows are not whole."""
    kind = rng.choice(("jsonl", "csv"))
    arguments = ["--model", student(), "--input", str(path), "--output-format", kind]
    arguments += rng.choice(([], ["--no-words"], ["--check"], ["--strict"]))
    if rng.random() < 0.1:
        arguments += ["--delimiter", rng.choice((";", "\t", "é", ""))]
    stdout, stderr = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            status = main(["infer", *arguments])
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
    said, rows = stderr.getvalue(), stdout.buffer.getvalue()
    assert status in (0, 1, 2), f"exit status {status}: {said}"
    assert "Traceback" not in said, said
    assert not UNSAFE.search(said), f"said {said!r:.500}"
    for line in said.splitlines():
        check_length(line)
    check_rows(kind, rows)
    return status


def check_rows(kind: str, content: bytes) -> None:
    """Fail unless the rows of an output are whole and can be read by others."""
    if kind == "jsonl":
        assert content == b"" or content.endswith(b"\n")
        for line in content.decode("utf-8").split("\n")[:-1]:
            json.loads(line, parse_constant=refuse)
        return
    rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
    widths = {len(row) for row in rows}
    assert len(widths) <= 1, f"rows of CSV have {widths} fields"


def check_length(message: str) -> None:
    """Fail where a message repeats more of a file than can be read."""
    assert len(message) < 3000, f"a message of {len(message)} characters: {message!r:.500}"


def refuse(name: str) -> None:
    """Refuse NaN and the infinities, which are not valid JSON."""
    raise ValueError(f"{name} is not valid JSON")


def read(path: Path) -> None:
    """Read a table as training does; fail if an error is not a sentence."""
    try:
        with opened_table(str(path), "text") as rows:
            for row in rows.rows_with_text():
                rows.label_of(row, "label")
    except DixtillError as error:
        check_length(str(error))


if __name__ == "__main__":
    csv.field_size_limit(2**31 - 1)
    sys.exit(fuzzing.main(case, "tests.fuzz.fuzz_streams"))
