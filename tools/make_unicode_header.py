"""Write a C++ header with the tables of python/dixtill/specification/unicode.json, for CMake.

Two stages: a block number for each 128 code points, then a record number for each code point of
a block. Equal blocks and equal records are stored once. Needs the standard library alone, because
it runs in the environment that builds the wheel.

    python tools/make_unicode_header.py unicode.json unicode_tables.h
"""

from __future__ import annotations

import json
import sys
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

BLOCK_BITS = 7
NUM_CODE_POINTS = 0x110000
SURROGATES = range(0xD800, 0xE000)  # not characters: removed like U+FFFD (normalizer.py)
# Bits of CodePoint::flags.
FLAGS = (
    "dropped", "spaces", "ideographs", "punctuation", "nonspacing", "symbols",
    "variants_of_punctuation",
)  # fmt: skip

T = TypeVar("T", bound=Hashable)


class Pool:
    """A pool of code point sequences, in which each distinct sequence is stored once."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self._offsets: dict[str, int] = {"": 0}

    def add(self, sequence: str) -> tuple[int, int]:
        """Add `sequence` unless it is stored; return its offset and length."""
        if sequence not in self._offsets:
            self._offsets[sequence] = len(self.values)
            self.values += map(ord, sequence)
        return self._offsets[sequence], len(sequence)


def distinct(items: Iterable[T]) -> tuple[list[int], list[T]]:
    """Number the distinct items; return the number of each item and the item of each number."""
    numbers: dict[T, int] = {}
    indices = [numbers.setdefault(item, len(numbers)) for item in items]
    return indices, list(numbers)


def spread(rows: list[list[int]]) -> dict[int, int]:
    """Return the value of each code point in inclusive ranges; 1 if a range has no value."""
    return {c: value[0] if value else 1
            for first, last, *value in rows for c in range(first, last + 1)}  # fmt: skip


def variants_of_punctuation(tables: dict[str, Any]) -> list[list[int]]:
    """Return the characters that are not punctuation, but whose plain form is a single mark."""
    marks = spread(tables["punctuation"])
    plain: dict[str, str] = tables["plain"]
    found = [ord(char) for char, to in plain.items() if len(to) == 1 and ord(to) in marks]
    return [[c, c] for c in found if c not in marks]


def without(rows: list[list[int]], others: list[list[int]]) -> list[list[int]]:
    """Return the code points of `rows` that are not in `others`."""
    left_out = spread(others)
    return [[c, c] for c in spread(rows) if c not in left_out]


def records(tables: dict[str, Any], pool: Pool) -> Iterator[tuple[int, ...]]:
    """Return the fields of CodePoint (csrc/text/unicode.h) for each code point."""
    flags = [spread(tables[name]) for name in FLAGS]
    flags[0].update(dict.fromkeys(SURROGATES, 1))
    classes = spread(tables["combining_class"])
    for c in range(NUM_CODE_POINTS):
        decomposition = pool.add(tables["decomposition"].get(chr(c), ""))
        lowercase = pool.add(tables["lowercase"].get(chr(c), ""))
        bits = sum((c in flag) << bit for bit, flag in enumerate(flags))
        yield (bits, classes.get(c, 0), decomposition[0], lowercase[0],
               decomposition[1], lowercase[1])  # fmt: skip


def array(kind: str, name: str, values: Iterable[object]) -> str:
    """Return the definition of an array, ten values per line."""
    texts = [str(value) for value in values]
    lines = (",".join(texts[i : i + 10]) for i in range(0, len(texts), 10))
    return f"inline constexpr {kind} {name}[{len(texts)}] = {{\n" + ",\n".join(lines) + "};\n"


def header(tables: dict[str, Any]) -> str:
    """Return the header; csrc/text/unicode.h declares the types and includes it."""
    pool = Pool()
    variants = variants_of_punctuation(tables)
    tables = {
        **tables,
        "variants_of_punctuation": variants,
        "symbols": without(tables["symbols"], variants),
    }
    forms = (f"{{{ord(char)},{','.join(map(str, pool.add(to)))}}}"
             for char, to in sorted(tables["plain"].items()))  # fmt: skip
    plain = array("Variant", "variants", forms)
    record_of, rows = distinct(records(tables, pool))
    size = 1 << BLOCK_BITS
    block_of, blocks = distinct(
        tuple(record_of[i : i + size]) for i in range(0, NUM_CODE_POINTS, size)
    )
    assert max(len(blocks), len(pool.values) >> 8, len(rows) >> 8) < 256, "a number is too large"
    return "\n".join(
        [
            "// Written by tools/make_unicode_header.py.",
            f"inline constexpr unsigned block_bits = {BLOCK_BITS};",
            array("uint8_t", "block_of", block_of),
            array("uint16_t", "record_of", (number for block in blocks for number in block)),
            array("CodePoint", "records", ("{" + ",".join(map(str, row)) + "}" for row in rows)),
            plain,
            array("char32_t", "pool", pool.values),
        ]
    )


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(header(json.loads(source.read_text(encoding="utf-8"))), encoding="ascii")
