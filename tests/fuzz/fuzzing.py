"""The loop of the fuzzers in Python: cases by number, each with random numbers of its own.

A case is known by a seed and a number, so a finding is seen again without those before it.
"""

from __future__ import annotations

import argparse
import itertools
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence

# A case: does what it has to with the random numbers, and says what came of it.
Case = Callable[[random.Random], str]


class Finding(AssertionError):
    """A case that ended as no case may, with its number."""

    def __init__(self, seed: int, number: int, error: BaseException) -> None:
        super().__init__(f"seed {seed}, case {number}: {type(error).__name__}: {error}")
        self.arguments = f"--seed {seed} --case {number}"


def run_cases(
    case: Case, seed: int, numbers: Sequence[int] | None = None, seconds: float | None = None
) -> Counter[str]:
    """Run the cases of these numbers, or as many as fit into `seconds`; count what came of them.

    Raises:
        Finding: of the first case that ended in an exception, with its number.
    """
    outcomes: Counter[str] = Counter()
    end = None if seconds is None else time.monotonic() + seconds
    for number in itertools.count() if numbers is None else numbers:
        if end is not None and time.monotonic() > end:
            break
        try:
            outcomes[case(random.Random(f"{seed}/{number}"))] += 1
        except Exception as error:
            raise Finding(seed, number, error) from error
    return outcomes


def main(case: Case, module: str) -> int:
    """Run a fuzzer from the command line, and return its exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float)
    length.add_argument("--cases", type=int, default=1000)
    length.add_argument("--case", type=int, help="this one alone")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    numbers = None if options.seconds is not None else range(options.cases)
    if options.case is not None:
        numbers = range(options.case, options.case + 1)
    start = time.monotonic()
    print(f"{module}, seed {options.seed}", flush=True)
    try:
        outcomes = run_cases(case, options.seed, numbers, options.seconds)
    except Finding as finding:
        print(traceback.format_exc()[-4000:])
        print(f"again: python -m {module} {finding.arguments}")
        return 1
    print(f"{outcomes.total()} cases in {time.monotonic() - start:.0f} s, peak {peak_mib()} MiB")
    for outcome, count in outcomes.most_common():
        print(f"{count:9}  {outcome}")
    return 0


def peak_mib() -> int:
    """Return the most memory that this process has had, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == "darwin" else 2**10)
