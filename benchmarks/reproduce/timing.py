"""Times classifiers from a text to its class, in turns: every classifier answers each text.

A classifier first answers the preceding texts for 2 ms untimed, because the one before it has
emptied the caches; then one call is timed. A call of many milliseconds warms itself up.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle

from benchmarks.machine import describe_machine
from benchmarks.reproduce.results import Content
from benchmarks.rounds import WARM_UP_NS, percentile

Ask = Callable[[str], object]


def measure(classifiers: Mapping[str, Ask], texts: Sequence[str]) -> Content:
    """Return medians, and the share of a core; below 0.8, other processes had some of it."""
    durations: dict[str, list[int]] = {name: [] for name in classifiers}
    wall, cpu = dict.fromkeys(classifiers, 0), dict.fromkeys(classifiers, 0)
    for text in texts:
        for name, ask in classifiers.items():
            if not durations[name] or durations[name][-1] < WARM_UP_NS:
                _warm_up(ask, texts)
            cpu_start, start = time.process_time_ns(), time.perf_counter_ns()
            ask(text)
            end = time.perf_counter_ns()
            cpu[name] += time.process_time_ns() - cpu_start
            wall[name] += end - start
            durations[name].append(end - start)
    return {
        "num_texts": len(texts),
        "machine": describe_machine(),
        "classifiers": {  # in seconds
            name: {
                "median": statistics.median(values) / 1e9,
                "p90": percentile(values, 0.9) / 1e9,
                "cpu_share": min(1.0, cpu[name] / wall[name]),
            }
            for name, values in durations.items()
        },
    }


def _warm_up(ask: Ask, texts: Sequence[str]) -> None:
    end = time.perf_counter_ns() + WARM_UP_NS
    for text in cycle(texts):
        ask(text)
        if time.perf_counter_ns() > end:
            return
