"""Times candidates in turns, A B C A B C, so that a busy moment of the machine affects all of them.

In its turn a candidate first runs untimed, to refill the caches, and then for SLICE_NS or MAX_CALLS
calls. Each call is timed by itself, so percentiles are those of calls, not of means. Reading the
clock costs about 50 ns per call (recorded as clock_overhead_ns), 2% of the fastest call here.
Python's garbage collector runs between rounds.

Turns alone are not fair on a busy machine: a call of many milliseconds shares its core with other
processes, while a call of microseconds mostly has it alone. So CPU time is measured too.
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

GROUP_SECONDS = 10.0  # budget of a group; slow candidates get MIN_ROUNDS anyway
MIN_ROUNDS = 5
MAX_ROUNDS = 40
SLICE_NS = 20_000_000
MAX_CALLS = 100  # per slice; bounds the size of the JSON
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
    """The times of one candidate."""

    durations: list[int] = field(default_factory=list)  # ns, one per timed call
    wall_ns: int = 0  # total of all timed slices
    cpu_ns: int = 0  # total of all threads and ended child processes

    @property
    def cpu_share(self) -> float:
        """CPU time over wall time: below 1 if others had the core, above 1 with threads."""
        return self.cpu_ns / self.wall_ns


def interleave(
    calls: Sequence[Call], seconds: float = GROUP_SECONDS, min_rounds: int = MIN_ROUNDS
) -> list[Timing]:
    """Time `calls` in turns, for at least `min_rounds` rounds and `seconds` seconds."""
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
    if not timing.durations or timing.durations[-1] < WARM_UP_NS:  # a slower call warms itself up
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
    """Return the time that timing adds to each call."""
    return median(-(perf_counter_ns() - perf_counter_ns()) for _ in range(10_000))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of `values` do not exceed (nearest rank)."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]
