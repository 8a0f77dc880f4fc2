"""Times candidates in turns: A B C A B C, so that a busy moment of the machine hits all of them.

In its turn a candidate first runs untimed, which fills the caches that the one before has emptied,
then for SLICE_NS or MAX_CALLS calls, each of which is timed by itself: percentiles are of calls,
not of means. That costs one reading of the clock a call (some 50 ns, recorded as
clock_overhead_ns), 2% of the quickest call here. Python's garbage collector runs between rounds.

Turns do not make a busy machine fair: a call of many milliseconds shares its core with whatever
else runs, one of microseconds mostly fits between. So the time on a core is measured beside.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from time import perf_counter, perf_counter_ns, process_time_ns
from typing import Any

GROUP_SECONDS = 10.0  # budget of a group; what is slower still gets MIN_ROUNDS
MIN_ROUNDS = 5
MAX_ROUNDS = 40
SLICE_NS = 20_000_000
MAX_CALLS = 100  # a slice, which bounds the size of the JSON
WARM_UP_NS = 2_000_000

Call = Callable[[], Any]


@dataclass(frozen=True)
class Candidate:
    """Something that is timed, once `check` has accepted its answer."""

    name: str
    call: Call
    check: Callable[[Any], None]  # raises AssertionError for a wrong answer
    facts: Mapping[str, float] = field(default_factory=dict)  # columns of its table


@dataclass
class Timing:
    """What one candidate took."""

    durations: list[int] = field(default_factory=list)  # ns, one for each timed call
    wall_ns: int = 0  # of all timed slices
    cpu_ns: int = 0  # of all threads and ended children

    @property
    def cpu_share(self) -> float:
        """Below 1, something else had the core; above 1, there were several threads."""
        return self.cpu_ns / self.wall_ns


def interleave(
    calls: Sequence[Call], seconds: float = GROUP_SECONDS, min_rounds: int = MIN_ROUNDS
) -> list[Timing]:
    """Time each of `calls`, by turns, for at least `min_rounds` and then until `seconds` are up."""
    timings = [Timing() for _ in calls]
    end = perf_counter() + seconds
    with _garbage_kept():
        for done in range(MAX_ROUNDS):
            if done >= min_rounds and perf_counter() > end:
                break
            gc.collect()
            for call, timing in zip(calls, timings, strict=True):
                _time_slice(call, timing)
    return timings


def _time_slice(call: Call, timing: Timing) -> None:
    if not timing.durations or timing.durations[-1] < WARM_UP_NS:  # a slower one warms itself up
        _warm_up(call)
    times: list[int] = []
    cpu, begin = _cpu_ns(), perf_counter_ns()
    while not times or (len(times) < MAX_CALLS and perf_counter_ns() < begin + SLICE_NS):
        start = perf_counter_ns()
        call()
        times.append(perf_counter_ns() - start)
    timing.wall_ns += perf_counter_ns() - begin
    timing.cpu_ns += _cpu_ns() - cpu
    timing.durations += times


def _cpu_ns() -> int:
    spent = os.times()
    return process_time_ns() + round(1e9 * (spent.children_user + spent.children_system))


def _warm_up(call: Call) -> None:
    end = perf_counter_ns() + WARM_UP_NS
    while perf_counter_ns() < end:
        call()


@contextmanager
def _garbage_kept() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def clock_overhead_ns() -> float:
    """What timing adds to each call."""
    return median(-(perf_counter_ns() - perf_counter_ns()) for _ in range(10_000))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that `share` of them do not exceed (nearest rank)."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
