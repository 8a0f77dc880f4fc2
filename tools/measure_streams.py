"""Measure the speed and peak memory of `dixtill infer --input` for growing numbers of rows.

    python tools/measure_streams.py                # 10,000, 100,000 and 1,000,000 JSON lines
    python tools/measure_streams.py --rows 50000 --to csv parquet --rounds 3

Each run is a new process that reads JSON lines from disk and writes a file to disk. The time is
that of the whole process, including its start; the fastest round counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

_COMPANIES = ("Apple", "Tesla", "Ford", "Boeing", "Nvidia", "Pfizer", "Walmart", "Intel")
_MOVES = ("shares jump", "stock slides", "beats estimates", "cuts its forecast", "opens an office")
_TAILS = (
    "after record earnings", "in early trading", "as iPhone sales beat analysts' estimates",
    "while several banks cut their price targets", "ahead of the Fed's decision on rates",
)  # fmt: skip
_TEXTS = 10_000  # number of distinct texts

# Prints its own peak memory: the figure that its parent gets would include the parent's own.
_PROGRAM = """
import sys
from dixtill.cli import main
code = main(sys.argv[1:])
status = open("/proc/self/status").read() if sys.platform == "linux" else ""
print(next((int(l.split()[1]) for l in status.splitlines() if l.startswith("VmHWM")), 0))
sys.exit(code)
"""


def write_rows(path: Path, num_rows: int) -> None:
    """Write tweets of about 15 words as JSON lines."""
    rng = random.Random(0)
    texts = [
        " ".join(
            [rng.choice(_COMPANIES), rng.choice(_MOVES), f"{rng.randint(1, 999) / 10}%",
             *rng.sample(_TAILS, rng.randint(0, 3))]
        )
        for _ in range(_TEXTS)
    ]  # fmt: skip
    with path.open("w", encoding="utf-8") as file:
        for number in range(num_rows):
            file.write(json.dumps({"id": number, "text": texts[number % _TEXTS]}) + "\n")


def measured(source: Path, output: Path, *options: str) -> tuple[float, int]:
    """Run the command; return its seconds and peak memory in kilobytes."""
    arguments = ["infer", "--input", str(source), "--output", str(output), *options]
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    seconds = perf_counter() - start
    if done.returncode:
        raise SystemExit(done.stderr)
    return seconds, int(done.stdout.splitlines()[-1])


def main() -> None:
    """Print a line for each number of rows and output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--to", nargs="+", default=["jsonl"], choices=["jsonl", "csv", "parquet"])
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    print(f"{os.cpu_count()} CPUs\n     rows  output   words  rows/s  peak MB  output MB")
    with tempfile.TemporaryDirectory() as folder:
        for num_rows in args.rows:
            source = Path(folder) / "in.jsonl"
            write_rows(source, num_rows)
            for kind in args.to:
                output = Path(folder) / f"out.{kind}"
                for option in ("--words", "--no-words"):
                    rounds = [measured(source, output, option) for _ in range(args.rounds)]
                    rate = num_rows / min(seconds for seconds, _ in rounds)
                    peak = max(kilobytes for _, kilobytes in rounds) / 1024
                    print(
                        f"{num_rows:9,}  {kind:7}  {option == '--words'!s:5}  {rate:6,.0f}  "
                        f"{peak:7.1f}  {output.stat().st_size / 1e6:9.1f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
