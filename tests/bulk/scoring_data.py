"""Write a folder of texts to score, in CSV and Parquet, and read the answers."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

CSV_TEXTS = [f"shares {'jump' if number % 3 else 'fall'} {number}%" for number in range(22)]
PARQUET_TEXTS = ["Apple up", None, "", "profit é 中 " * 9, *(f"bank {n}" for n in range(9))]
TEXTS = [*CSV_TEXTS, *PARQUET_TEXTS]


def write_data(folder: Path) -> Path:
    """Write two files of 22 and 13 rows that share only the column of texts."""
    folder.mkdir()
    lines = [f"{number:03},{text}" for number, text in enumerate(CSV_TEXTS)]
    (folder / "a.csv").write_text("\n".join(["id,text", *lines]), encoding="utf-8")
    label = ["up"] * len(PARQUET_TEXTS)
    pq.write_table(pa.table({"text": PARQUET_TEXTS, "label": label}), folder / "b.parquet")
    return folder


def tables_in(folder: Path) -> list[pa.Table]:
    """Read the answers in the order of their file names."""
    return [pq.read_table(path) for path in sorted(folder.glob("*.parquet"))]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file, including hidden ones."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
