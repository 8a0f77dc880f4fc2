"""Turns pytest-benchmark's JSON into Markdown tables and, on request, plots.

pytest benchmarks --benchmark-json=build/benchmarks.json
python -m benchmarks.report build/benchmarks.json [--plots DIR] [--json docs/results/speed.json]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.reporting.promises import promises_table
from benchmarks.reporting.results import Groups, grouped
from benchmarks.reporting.source import source
from benchmarks.reporting.speed import speed_figures
from benchmarks.reporting.speed_tables import group_tables, paper_table


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("results", type=Path, help="what --benchmark-json wrote")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write PNG pictures there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    arguments = parser.parse_args()
    run = json.loads(arguments.results.read_text(encoding="utf-8"))
    groups, targets = grouped(run["benchmarks"]), run["machine_info"]["dixtill_targets"]
    print(_machine(run["machine_info"]))
    print(f"\n{group_tables(run['benchmarks'])}")
    print(f"\n{paper_table(groups, targets, num_words=12)}")
    print(f"\n{promises_table(groups, targets)}")
    if arguments.json:
        made = source("benchmarks.report", "texts of benchmarks/texts.py")
        content = {"source": made, **speed_figures(groups, targets)}
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if arguments.plots:
        _plot(groups, targets, arguments.plots)


def _machine(info: Mapping[str, Any]) -> str:
    cpu = info["cpu"]
    versions = ", ".join(
        f"{name} {version}" for name, version in info["versions"].items() if version
    )
    model = cpu.get("brand_raw", "unknown CPU")
    editable = " **dixtill is installed editable: its cold start is slower than it should be.**"
    return (
        f"{model}, {info['num_cores']} cores, Python {info['python_version']}, {versions}. "
        f"One thread where a group does not say two. Load average {info['load_average']}."
        f"{editable * info['dixtill_is_editable']}"
    )


def _plot(groups: Groups, targets: Sequence[str], folder: Path) -> None:
    try:
        from benchmarks.reporting.plots import write_plots
    except ImportError as error:
        sys.exit(f"--plots needs matplotlib ({error}); install it with: pip install matplotlib")
    for path in write_plots(groups, targets, folder):
        print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
