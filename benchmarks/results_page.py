"""Writes the tables of docs/results.md from the JSON in docs/results.

python -m benchmarks.results_page

The text between `<!-- table: NAME -->` and `<!-- end of table -->` is replaced by the table and,
below it, the command that wrote its JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.reporting import speed
from benchmarks.reporting.behavior import behavior
from benchmarks.reporting.speed_tables import beside_the_paper
from benchmarks.reproduce import report_tables
from benchmarks.reproduce.explanations import FAITHFULNESS_COLUMNS
from benchmarks.reproduce.figures import MEDIAN

PAGE = Path(__file__).parents[1] / "docs" / "results.md"
FIGURES = PAGE.with_suffix("")  # a folder beside the page
_TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)

_MEASURES = ("accuracy", "macro-F1", "fidelity", "ECE")
_COMPARED = ("accuracy", "macro-F1", "fidelity")
_AGREEMENT = ("feature@3", "sign@3", "Spearman", "cosine")
_FAITHFULNESS = (*FAITHFULNESS_COLUMNS, MEDIAN)
_CONTROLLED = ("feature@3", "sign@3", *FAITHFULNESS_COLUMNS)


class Table(NamedTuple):
    """A table of the page: the JSON file that holds its figures, and how they are shown."""

    file: str
    render: Callable[[dict[str, Any]], str]


def _answers(figures: dict[str, Any], measures: Sequence[str] = _MEASURES) -> str:
    rows = [
        {**row, "title": f"teacher ({figures['teacher']})"} if row["title"] == "teacher" else row
        for row in figures["answers"]
    ]
    return report_tables.answers(rows, measures, with_seeds=True, with_size=True)


def _compressed(figures: dict[str, Any]) -> str:
    return _answers(figures, _COMPARED)


def _differences(figures: dict[str, Any]) -> str:
    rows = [*figures["ours_minus_each"], *figures["students_among_themselves"]]
    return report_tables.differences(rows, _COMPARED)


def _gaps(figures: dict[str, Any]) -> str:
    return report_tables.differences(figures["students_minus_teacher"], _COMPARED)


def _among_students(figures: dict[str, Any]) -> str:
    return report_tables.differences(figures["students_among_themselves"], _COMPARED)


def _agreement(figures: dict[str, Any]) -> str:
    return report_tables.explanations(figures["explanations"], _AGREEMENT)


def _faithfulness(figures: dict[str, Any]) -> str:
    return report_tables.explanations(figures["explanations"], _FAITHFULNESS)


def _controlled(figures: dict[str, Any]) -> str:
    ours = [row for row in figures["controlled"] if row["student"] == figures["ours"]]
    return report_tables.controlled(ours, _CONTROLLED)


def _paper(figures: dict[str, Any]) -> str:
    return beside_the_paper(figures["beside_the_paper"], speed.PAPER_WORDS)


TABLES = {
    "tfns-answers": Table("study-tfns.json", _answers),
    "tfns-differences": Table("study-tfns.json", _differences),
    "tfns-compressed": Table("study-tfns-mpnet.json", _compressed),
    "tfns-mpnet-answers": Table("study-tfns-mpnet-students.json", _answers),
    "tfns-mpnet-gaps": Table("study-tfns-mpnet-students.json", _gaps),
    "tfns-agreement": Table("study-tfns.json", _agreement),
    "tfns-faithfulness": Table("study-tfns.json", _faithfulness),
    "tfns-controlled": Table("study-tfns.json", _controlled),
    "behavior": Table("behavior.json", behavior),
    "behavior-mpnet": Table("behavior-mpnet.json", behavior),
    "sst2-answers": Table("study-sst2.json", _answers),
    "sst2-differences": Table("study-sst2.json", _differences),
    "sst2-agreement": Table("study-sst2.json", _agreement),
    "sst2-faithfulness": Table("study-sst2.json", _faithfulness),
    "sst2-controlled": Table("study-sst2.json", _controlled),
    "tfns-cells-answers": Table("study-tfns-cells.json", _answers),
    "tfns-cells-differences": Table("study-tfns-cells.json", _among_students),
    "tfns-few-units-answers": Table("study-tfns-few-units.json", _answers),
    "tfns-few-units-differences": Table("study-tfns-few-units.json", _among_students),
    "sst2-few-units-answers": Table("study-sst2-few-units.json", _answers),
    "sst2-few-units-differences": Table("study-sst2-few-units.json", _among_students),
    "sst2-3000-answers": Table("study-sst2-3000.json", _answers),
    "sst2-3000-gaps": Table("study-sst2-3000.json", _gaps),
    "text-to-answer": Table("speed.json", speed.text_to_answer),
    "beside-the-paper": Table("speed.json", _paper),
    "other-speeds": Table("speed.json", speed.other_groups),
}


def main() -> None:
    PAGE.write_text(rendered(PAGE.read_text("utf-8")), "utf-8")
    print(PAGE)


def rendered(page: str) -> str:
    """Return the page with each of its tables made from the JSON."""
    return _TABLE.sub(lambda found: f"{found[1]}{_table(found[2])}{found[3]}", page)


def _table(name: str) -> str:
    """Return the table and its source, with an empty line around each."""
    table = TABLES[name]
    figures = json.loads((FIGURES / table.file).read_text("utf-8"))
    source = figures["source"]
    link = f"[{table.file}]({FIGURES.name}/{table.file})"
    made = " ".join(filter(None, (f"{source['version']}, {source['cpu']}.", source.get("remark"))))
    return f"\n{table.render(figures)}\n\n{link}: `{source['command']}`. {made}\n\n"


if __name__ == "__main__":
    main()
