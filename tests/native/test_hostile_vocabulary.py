"""A vocabulary whose pieces are made to collide costs little more than another, and reads alike."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from dixtill import _native
from dixtill.specification.normalizer import Normalizer
from dixtill.specification.words import Tokenizer

HASH = Path(__file__).parents[2] / "csrc/text/piece_hash.h"
if not HASH.exists():
    pytest.skip("needs the hash of the C++ sources", allow_module_level=True)
START, FACTOR = (
    int(number, 16) for number in re.findall(r"0x([0-9A-F]{16})u", HASH.read_text("utf-8"))
)
NUM_PIECES = 20_000
NEIGHBORS = 64  # all pieces have their home in this part of the slots
SLACK = 40  # 3 to 10 where it was written; without a bound on the slots tried, 250 to 600
LETTERS = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)


def words_near_one_slot(num_words: int, skip: int = 0) -> list[str]:
    """Words of eight letters, found by trying, whose hashes begin with the same bits."""
    found: list[str] = []
    numbers = np.arange(skip, skip + 2 * NEIGHBORS * num_words, dtype=np.uint64)
    letters = np.stack([LETTERS[(numbers // 26**i % 26).astype(int)] for i in range(8)], axis=1)
    hashes = np.full(len(numbers), START, np.uint64)
    for column in letters.T:
        hashes = (hashes ^ column) * np.uint64(FACTOR)
    near = letters[hashes >> np.uint64(64 - 6) == 0]
    found = [bytes(row).decode() for row in near[:num_words]]
    assert len(found) == num_words
    return found


def words_of_any_slot(num_words: int) -> list[str]:
    random = np.random.default_rng(0)
    return sorted({bytes(row).decode() for row in random.choice(LETTERS, (num_words + 99, 8))})[
        :num_words
    ]


def native(pieces: Sequence[str]) -> Callable[[str], object]:
    vocabulary = "\n".join(["[UNK]", *pieces]).encode()
    return _native.Tokenizer(
        vocabulary,
        lowercase=True,
        strip_accents=True,
        symbols=False,
        max_pieces=10**6,
        cleaning=[],
    )


def seconds(call: Callable[[], object]) -> float:
    """Return the least of five times: disturbances only add to a measurement."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.fixture(scope="module")
def hostile() -> list[str]:
    return words_near_one_slot(NUM_PIECES)


def test_pieces_that_collide_are_stored_in_little_more_time(hostile: list[str]) -> None:
    ordinary = words_of_any_slot(NUM_PIECES)
    assert seconds(lambda: native(hostile)) < SLACK * seconds(lambda: native(ordinary))


@pytest.mark.parametrize("are_present", [True, False])
def test_words_that_collide_are_looked_up_in_little_more_time(
    hostile: list[str], are_present: bool
) -> None:
    words = hostile[-2000:] if are_present else words_near_one_slot(2000, skip=26**6)
    text = " ".join(words)
    slow, quick = native(hostile), native(words_of_any_slot(NUM_PIECES))
    assert seconds(lambda: slow(text)) < SLACK * seconds(lambda: quick(text))


def test_pieces_that_collide_are_found_as_the_specification_says(hostile: list[str]) -> None:
    pieces = [*hostile[:2000], *(f"##{word[:4]}" for word in hostile[2000:4000])]
    pieces = list(dict.fromkeys(pieces))
    text = " ".join(
        [*hostile[:3000], *(a + b[:4] for a, b in zip(hostile[:999], hostile[2000:], strict=False))]
    )
    expected = Tokenizer(("[UNK]", *pieces), Normalizer(True, True), 10**6)(text)
    ids, *_ = native(pieces)(text)
    assert ids == expected.piece_ids
    assert len(set(ids)) > 2500


def test_a_twin_among_pieces_that_collide_is_refused(hostile: list[str]) -> None:
    for place in (0, 100, 1998):
        with pytest.raises(ValueError, match="holds a piece twice"):
            native([*hostile[:2000], hostile[place]])
