"""Tests what may not change in the folder of a study, and records that cannot be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.reproduce.results import Key, StudyRecord, claim, read_record, write

from dixtill.errors import InputError

RECORD = StudyRecord(
    "tweets", "bert", "a", 12, "b", "c", 100, 10, ("down", "up"), (0, 1), {"ours": ("--x",)},
    "ours", 5,
)  # fmt: skip


def test_seeds_and_methods_may_change_and_the_teacher_may_not(tmp_path):
    claim(tmp_path, RECORD)
    write(tmp_path, Key("teacher"), {"seconds": 1.0})
    more = replace(RECORD, seeds=9, methods={"ours": ("--y",)})
    claim(tmp_path, more)
    assert read_record(tmp_path) == more
    with pytest.raises(InputError, match="holds a study with another teacher_sha256, test_sha256;"):
        claim(tmp_path, replace(RECORD, teacher_sha256="z", test_sha256="z"))
    assert read_record(tmp_path) == more


def test_a_record_cut_anywhere_is_one_sentence(tmp_path):
    claim(tmp_path, RECORD)
    path = Path(tmp_path / "study.json")
    content = path.read_bytes()
    for damaged in (*(content[:length] for length in range(0, len(content), 7)), b"[]", b"{}"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="holds no study of this version"):
            read_record(tmp_path)
