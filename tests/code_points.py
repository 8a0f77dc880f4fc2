"""The code points that a sweep of Unicode reads.

It is a sample: of the planes with rules for single characters every seventh code point, of the
others (planes 3 to 13 have none but letters, 15 and 16 are private) as many of the first and the
last 4,096, in which the rules end. With DIXTILL_EVERY_CODE_POINT set, as once in CI, it is all of
Unicode.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

WITH_RULES = (0, 1, 2, 14)  # the planes that unicode.json treats character by character
WITH_CASE = (0, 1)  # those of them with lowercase letters
_BLOCK = 0x1000
_BLOCKS_PER_PLANE = 16
_STEP = 7  # odd: cases alternate. A block's first and last code points are both read.


def blocks(planes: tuple[int, ...] = tuple(range(17))) -> Iterator[range]:
    """The code points that are read in order, surrogates among them, by blocks of 4,096."""
    reads_all = "DIXTILL_EVERY_CODE_POINT" in os.environ
    for plane in planes:
        for block in range(_BLOCKS_PER_PLANE):
            if reads_all or plane in WITH_RULES or block in (0, _BLOCKS_PER_PLANE - 1):
                first = plane << 16 | block * _BLOCK
                yield range(first, first + _BLOCK, 1 if reads_all else _STEP)


def texts() -> Iterator[str]:
    """The same code points, without surrogates, as texts to read on their own.

    Where single characters have rules, each is a text; elsewhere a block is, which takes less time.
    """
    for block in blocks():
        chars = [chr(c) for c in block if not 0xD800 <= c <= 0xDFFF]
        yield from chars if block[0] >> 16 in WITH_RULES else ("".join(chars),)
