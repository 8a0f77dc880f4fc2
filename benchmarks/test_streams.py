"""Times the way from a file of JSON lines to a file of answers, on two threads.

`tools/measure_streams.py` measures more rows, other formats, and memory.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import dixtill
from benchmarks import names
from benchmarks.conftest import Compare
from benchmarks.rounds import Candidate
from benchmarks.texts import made_up_tweets
from dixtill.streams.stream import Stream

NUM_ROWS = 20_000
FEW_ROWS = 1_000  # where nothing is timed
FACTS = {"texts": NUM_ROWS}


def test_streams(
    compare: Compare, is_timed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIXTILL_NUM_THREADS", "2")
    texts = [text for text, _ in made_up_tweets(NUM_ROWS if is_timed else FEW_ROWS)]
    source = tmp_path / "in.jsonl"
    rows = [json.dumps({"id": number, "text": text}) for number, text in enumerate(texts)]
    source.write_text("\n".join(rows) + "\n", encoding="utf-8")
    candidates = [
        _copy(source, tmp_path / "copy.jsonl"),
        _stream(source, tmp_path / "words.jsonl", texts, words=True),
        _stream(source, tmp_path / "labels.jsonl", texts, words=False),
    ]
    compare(names.STREAMS, candidates)


def _copy(source: Path, output: Path) -> Candidate:
    """Read and write only the rows with Python's own json, on one thread."""

    def copy() -> Path:
        with source.open("rb") as lines, output.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(json.loads(line)) + "\n")
        return output

    def check(written: Path) -> None:
        assert written.read_bytes() == source.read_bytes()

    return Candidate(names.COPIED_LINES, copy, check, FACTS)


def _stream(source: Path, output: Path, texts: list[str], words: bool) -> Candidate:
    classifier = dixtill.load(dixtill.SHIPPED_MODEL)
    stream = Stream(str(source), str(output), words=words)

    def run() -> Path:
        assert stream.run(classifier) is None
        return output

    def check(written: Path) -> None:
        rows = [json.loads(line) for line in written.read_bytes().splitlines()]
        predictions = classifier(texts)
        for text, row, prediction in zip(texts, rows, predictions, strict=True):
            assert (row["text"], row["predicted_label"]) == (text, prediction.label)
            if words:
                weights = [word.weight for word in prediction.words]
                assert [word["weight"] for word in row["words"]] == pytest.approx(weights, abs=6e-7)

    name = names.STREAM_WITH_WORDS if words else names.STREAM_WITHOUT_WORDS
    return Candidate(name, run, check, FACTS)
