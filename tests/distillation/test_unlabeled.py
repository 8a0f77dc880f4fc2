"""Texts without labels are streamed, and copies and near-copies are left out."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from dixtill.distillation.data.unlabeled import UnlabeledTexts, stream_texts
from dixtill.errors import InputError


def texts_of(*texts: str, others: tuple[str, ...] = ()) -> list[str]:
    return list(UnlabeledTexts(lambda: texts, others))


def test_copies_are_left_out_however_they_are_written():
    assert texts_of("Oil up 5%", "oil  UP 5% https://t.co/a", " ", "https://t.co/b", "gas") == [
        "Oil up 5%", "gas",
    ]  # fmt: skip


def test_texts_that_differ_in_numbers_are_no_copies_of_each_other():
    assert len(texts_of("target $18 from $25", "target $25 from $18")) == 2


@pytest.mark.parametrize(
    "near", ["PT to $1,234.50 from 7", "pt TO $2 from 9 https://x.co/a", "PT to $18 from $25"]
)
def test_near_copies_of_other_texts_are_left_out(near):
    others = ("PT to $18 from 25", "PT to $18 from $25 https://t.co/x")
    assert texts_of(near, "PT cut to $18 from 25", others=others) == ["PT cut to $18 from 25"]


def test_each_iteration_reads_anew_and_gives_the_same_texts():
    calls = []

    def read() -> Iterator[str]:
        calls.append(1)
        yield from ("a", "b", "a")

    texts = UnlabeledTexts(read)
    assert list(texts) == list(texts) == ["a", "b"]
    assert len(texts) == 2
    assert texts.digest() == UnlabeledTexts(lambda: ["a", "b"]).digest()
    assert texts.digest() != UnlabeledTexts(lambda: ["ab"]).digest()
    assert len(calls) == 3  # length and digest take one reading


def test_an_iteration_may_stop_early_and_reads_no_further(tmp_path: Path):
    path = tmp_path / "texts.csv"
    path.write_text("text\na\nb\n" + "c\n" * 50_000 + "bad,row\n")
    texts = UnlabeledTexts(lambda: stream_texts(path))
    assert next(iter(texts)) == "a"
    with pytest.raises(InputError, match="line 50004: the row has 2 fields, the header 1"):
        len(texts)


@pytest.mark.slow
def test_memory_is_a_hash_for_each_text(tmp_path: Path):
    path, count = tmp_path / "texts.txt.gz", 10_000
    with gzip.open(path, "wt") as file:
        file.writelines(
            f"shares of company {number} rise {'a lot ' * 40}\n" for number in range(count)
        )
    texts = UnlabeledTexts(lambda: stream_texts(path))
    tracemalloc.start()
    try:
        assert len(texts) == count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2400 * count / 5  # a fifth of the texts


def test_a_source_without_texts_says_so(tmp_path: Path):
    path = tmp_path / "texts.csv"
    path.write_text('text\n""\n')
    with pytest.raises(InputError, match=r"texts\.csv holds no texts"):
        len(UnlabeledTexts(lambda: stream_texts(path)))
