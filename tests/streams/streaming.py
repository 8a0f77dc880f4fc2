"""Shared by the tests of streams: run the command and read what it wrote."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dixtill.cli import main

LABELS = ("bearish", "bullish", "neutral")


def infer(student: str, *arguments: object) -> int:
    return main(["infer", "--model", student, *map(str, arguments)])


def started(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    """Start the command in another process."""
    quiet = {**os.environ, "SKBUILD_EDITABLE_VERBOSE": "0"}
    command = [sys.executable, "-m", "dixtill", "infer", *map(str, arguments)]
    return subprocess.Popen(command, env=quiet, **options)


def answered(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a file of answers in any format, with the types of JSON lines."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return [_of_csv(row) for row in csv.DictReader(file, strict=True)]
    import pyarrow.parquet as pq

    return [_of_parquet(row) for row in pq.read_table(path).to_pylist()]


_NUMBERS = ("unknown_share", "familiarity")
_JSON_CELLS = ("truncated", *_NUMBERS, "words", "check")


def _of_csv(row: dict[str, str]) -> dict[str, Any]:
    for name in row:
        if name.startswith("probability_") or name in _JSON_CELLS:
            row[name] = json.loads(row[name])
    row["predicted_label"] = row["predicted_label"] or None
    return row


def _of_parquet(row: dict[str, Any]) -> dict[str, Any]:
    for name in row:
        if name.startswith("probability_") or name in _NUMBERS:
            row[name] = float(f"{row[name]:.6f}")
    for word in row.get("words", ()):
        word["weight"] = rounded(word["weight"])
    return row


def expected(fields: dict[str, Any], prediction: Any, words: bool = True) -> dict[str, Any]:
    """Return the row of JSON lines that a prediction should give."""
    answer = prediction.to_dict()
    row = {**fields, "predicted_label": answer["label"]}
    for label, probability in answer["probabilities"].items():
        row[f"probability_{label}"] = float(f"{probability:.6f}")
    row["truncated"] = answer["truncated"]
    for name in _NUMBERS:
        row[name] = float(f"{answer[name]:.6f}")
    if words:
        row["words"] = [{**word, "weight": rounded(word["weight"])} for word in answer["words"]]
    return row


def rounded(weight: float) -> float:
    return round(weight * 1e6) / 1e6
