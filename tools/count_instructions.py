"""Count the instructions of kernels under valgrind, and fail if a count has grown by over 2%.

Times on a shared machine vary by tens of percent; a count of instructions is the same each time.
It depends on the compiler, so tests/golden/instruction_counts.json holds one set of counts for each
compiler; for one that it does not know, this reports and never fails. Targets that valgrind does
not emulate (AVX-512) are not counted.

    python tools/count_instructions.py             # builds build/counts, counts, compares
    python tools/count_instructions.py --update    # writes the counts of this compiler

The workloads are those of tests/golden/count_driver.cpp.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
COUNTS = ROOT / "tests" / "golden" / "instruction_counts.json"
BUILD = ROOT / "build" / "counts"
TOLERANCE = 0.02

Counts = dict[str, dict[str, int]]  # by target, by workload


def build_driver() -> Path:
    """Compile the driver with the package's options."""
    options = ["-DDIXTILL_BUILD_PYTHON=OFF", "-DDIXTILL_BUILD_CHECKS=ON"]
    _run("cmake", "-S", str(ROOT), "-B", str(BUILD), "-DCMAKE_BUILD_TYPE=Release", *options)
    _run("cmake", "--build", str(BUILD), "--target", "count_driver")
    return BUILD / "count_driver"


def count_all(driver: Path) -> Counts:
    """Count each workload on each target that runs under valgrind."""
    pairs = _run("valgrind", "-q", "--tool=none", str(driver), "--list").split("\n")
    counts: Counts = {}
    for pair in filter(None, pairs):
        workload, target = pair.split()
        counts.setdefault(target, {})[workload] = count(driver, workload, target)
    return counts


def count(driver: Path, workload: str, target: str) -> int:
    """Count the instructions of a workload's second run; the first one warms the allocator up.

    The star is for the clones that GCC makes of a function, counted_call.constprop.0.
    """
    output = driver.parent / f"callgrind.{workload}.{target}"
    _run(
        "valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={output}",
        "--toggle-collect=counted_call*", str(driver), workload, target,
    )  # fmt: skip
    found = re.search(r"^(?:summary|totals): (\d+)$", output.read_text(), re.MULTILINE)
    if not found or not int(found[1]):
        raise SystemExit(f"{output} has no instructions: was counted_call inlined?")
    return int(found[1])


def compare(counts: Counts, known: Counts) -> list[str]:
    """Print each count beside the known one; list those that have grown, are missing or new."""
    problems = []
    for target, workload in sorted(_pairs(counts) | _pairs(known)):
        now = counts.get(target, {}).get(workload)
        before = known.get(target, {}).get(workload)
        change = f"{now / before - 1:+.2%}" if now and before else "-"
        print(f"{target:14} {workload:24} {before or '-':>12} {now or '-':>12} {change:>9}")
        if now is None:
            problems.append(f"{target} {workload} has a known count and did not run")
        elif before is None:
            problems.append(f"{target} {workload} has no known count; --update writes it")
        elif now > before * (1 + TOLERANCE):
            problems.append(f"{target} {workload} has grown by {change}")
    return problems


def _pairs(counts: Counts) -> set[tuple[str, str]]:
    return {
        (target, workload) for target, by_workload in counts.items() for workload in by_workload
    }


def _run(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout}\nfailed: {' '.join(command)}")
    return done.stdout


def main() -> int:
    """Count, then compare or update; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--update", action="store_true", help="write this compiler's counts")
    update = parser.parse_args().update
    driver = build_driver()
    compiler = f"{_run(str(driver), '--compiler').strip()} {platform.machine()}"
    by_compiler = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    counts = count_all(driver)
    print(f"instructions, {compiler}\n{'':14} {'':24} {'known':>12} {'now':>12}")
    problems = compare(counts, by_compiler.get(compiler, {}))
    if update:
        by_compiler[compiler] = counts
        COUNTS.write_text(json.dumps(by_compiler, indent=2, sort_keys=True) + "\n")
        return 0
    if compiler not in by_compiler:
        print(f"no counts are known for {compiler}, so there is nothing to compare with")
        return 0
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
