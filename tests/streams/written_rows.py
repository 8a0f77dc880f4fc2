"""Rows of text, written to a file of any format."""

from __future__ import annotations

import csv
import json

import pytest

pa = pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'dixtill[score]'")
pq = pytest.importorskip("pyarrow.parquet")

TEXTS = [
    "Apple shares jump", "", 'say "up", down', "two\nlines\r\n", "É 中 😀 up", "profit é 中 " * 9,
    *(f"bank {number} falls" for number in range(2000)),
]  # fmt: skip
ROWS = [{"id": f"{number:03}", "text": text} for number, text in enumerate(TEXTS)]
OUTPUTS = ["out.jsonl", "out.csv", "out.parquet"]


def write_rows(path, rows):
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".txt":
        path.write_text("".join(row["text"] + "\n" for row in rows), encoding="utf-8", newline="")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=700)
    return path
