"""Markdown tables and PNG plots of studies, from their JSON alone.

python -m benchmarks.reproduce.report STUDY... --out DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.reproduce import tables
from benchmarks.reproduce.measured import Measured
from benchmarks.reproduce.plots import write_plots
from dixtill.errors import DixtillError
from dixtill.whole_file import write_whole


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reproduce.report", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("studies", nargs="+", type=Path, metavar="STUDY", help="--out of the run")
    parser.add_argument("--out", required=True, type=Path, help="folder of report.md and the plots")
    arguments = parser.parse_args()
    try:
        studies = [Measured.read(folder) for folder in arguments.studies]
    except DixtillError as error:
        sys.exit(f"error: {error}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    parts = []
    for study in studies:
        plots = [f"![{path.stem}]({path.name})" for path in write_plots(study, arguments.out)]
        parts += [tables.report(study), *plots]
    write_whole(arguments.out / "report.md", ("\n\n".join(parts) + "\n").encode())
    print(arguments.out / "report.md")


if __name__ == "__main__":
    main()
