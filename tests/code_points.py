"""The code points that a sweep of Unicode reads.

Four planes are read whole. The others have one rule each (planes 3 to 13 have none but letters, 15
and 16 are private), so of these a sweep reads the first and the last 4,096 code points, in which
the rules end. With DIXTILL_OTHER_CODE_POINTS set it reads those that are left out otherwise, as it
does once in CI.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

WITH_RULES = (0, 1, 2, 14)  # the planes that unicode.json treats character by character
_BLOCK = 0x1000
_BLOCKS_PER_PLANE = 16


def blocks(planes: tuple[int, ...] = tuple(range(17))) -> Iterator[range]:
    """Ranges of 4,096 code points in order, surrogates among them."""
    reads_others = "DIXTILL_OTHER_CODE_POINTS" in os.environ
    for plane in planes:
        for block in range(_BLOCKS_PER_PLANE):
            is_sampled = plane in WITH_RULES or block in (0, _BLOCKS_PER_PLANE - 1)
            if is_sampled != reads_others:
                first = plane << 16 | block * _BLOCK
                yield range(first, first + _BLOCK)


def characters() -> Iterator[str]:
    """The same code points one by one, without surrogates."""
    for block in blocks():
        yield from (chr(c) for c in block if not 0xD800 <= c <= 0xDFFF)
