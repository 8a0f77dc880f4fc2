"""Writes Markdown tables and PNG plots of studies, from their measurements alone.

python -m benchmarks.reproduce.report STUDY... --out DIR [--json docs/results]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.reporting.source import source
from benchmarks.reproduce import report_tables
from benchmarks.reproduce.figures import Figures, study_figures
from benchmarks.reproduce.measured import MeasuredStudy
from benchmarks.reproduce.plots import write_plots
from dixtill.errors import DixtillError
from dixtill.whole_file import write_whole


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reproduce.report", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("studies", nargs="+", type=Path, metavar="STUDY", help="--out of the run")
    parser.add_argument("--out", required=True, type=Path, help="folder of report.md and the plots")
    parser.add_argument(
        "--json", type=Path, metavar="DIR", help="also write the figures there, as STUDY.json"
    )
    arguments = parser.parse_args()
    try:
        studies = [MeasuredStudy.read(folder) for folder in arguments.studies]
    except DixtillError as error:
        sys.exit(f"error: {error}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    parts = []
    for folder, study in zip(arguments.studies, studies, strict=True):
        figures = study_figures(study)
        if arguments.json:
            _write_figures(arguments.json / f"{folder.resolve().name}.json", study, figures)
        plots = [f"![{path.stem}]({path.name})" for path in write_plots(study, arguments.out)]
        parts += [report_tables.report(figures), *plots]
    write_whole(arguments.out / "report.md", ("\n\n".join(parts) + "\n").encode())
    print(arguments.out / "report.md")


def _write_figures(path: Path, study: MeasuredStudy, figures: Figures) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    record = study.record
    data = f"{record.dataset}: SHA-256 {record.train_sha256} (train), {record.test_sha256} (test)"
    content = {"source": source("benchmarks.reproduce.report", data), **figures}
    write_whole(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
    print(path)


if __name__ == "__main__":
    main()
