"""How much a test tries: a part of it where Python runs many times slower.

tools/run_sanitized.sh and tools/check_wheels.sh set DIXTILL_FEW_EXAMPLES for sanitizers and
emulators. Most time goes to the specification there; a few of each kind reach the native code.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_IS_SLOW = "DIXTILL_FEW_EXAMPLES" in os.environ


def examples(count: int) -> int:
    """The number of examples that hypothesis draws: `count`, or a tenth."""
    return max(10, count // 10) if _IS_SLOW else count


def some(values: Sequence[T], few: Sequence[T]) -> Sequence[T]:
    """All values, or the few that stand for them."""
    assert set(few) <= set(values)
    return few if _IS_SLOW else values
