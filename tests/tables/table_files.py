"""Shared by the tests of tables: a pipe that gives few bytes at a time, and tables as bytes."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from random import Random
from typing import Any

from dixtill.tables.rows import BadRow, Row
from dixtill.tables.source import Source
from dixtill.tables.table import Layout, rows_of


class Pieces(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, content: bytes, seed: int = 0, largest: int = 40) -> None:
        self._rest = io.BytesIO(content)
        self._rng = Random(seed)
        self._largest = largest

    def read1(self, size: int) -> bytes:
        return self._rest.read(min(size, self._rng.randint(1, self._largest)))


def rows_in(content: bytes, format: str, seed: int = 0, **layout: Any) -> list[Row | BadRow]:
    """Read every row of some bytes, good or bad."""
    source = Source(Pieces(content, seed), "data")
    rows = rows_of(source, "data", "text", format, Layout(**layout))
    return [row for block in rows.blocks for row in block]


def table_bytes(rows: list[dict[str, str]], format: str, delimiter: str | None = None) -> bytes:
    """Write rows with csv, json or pyarrow."""
    if format == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if format == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        content = pa.BufferOutputStream()
        columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]}
        pq.write_table(pa.table(columns), content)
        return content.getvalue().to_pybytes()
    table = io.StringIO(newline="")
    writer = csv.DictWriter(
        table, list(rows[0]), delimiter=delimiter or {"csv": ",", "tsv": "\t"}[format]
    )
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue().encode()


def written(folder: Path, name: str, content: bytes) -> str:
    """Write a file, compressed if its name ends in .gz, and return its path."""
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return str(path)
