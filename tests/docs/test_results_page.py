"""The tables of docs/results.md are those of the JSON, and name the command that wrote it."""

from __future__ import annotations

import json
import re

import pytest
from benchmarks import results_page
from benchmarks.reporting.results import grouped
from benchmarks.reporting.speed import speed_figures, text_to_answer
from benchmarks.reporting.speed_tables import beside_the_paper
from page_reader import ROOT, pages

PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
_TABLE = re.compile(r"^(?:\|.*\n)+", re.MULTILINE)
_NOT_KEPT = re.compile(r"\b(?:not|no longer) kept\b(?! apart)", re.IGNORECASE)


def test_the_page_is_what_the_command_renders():
    assert results_page.rendered(PAGE) == PAGE


@pytest.mark.parametrize("name", results_page.TABLES)
def test_a_table_stands_on_the_page_once_and_names_its_command(name):
    marked = PAGE.split(f"<!-- table: {name} -->")
    assert len(marked) == 2
    block, _, _ = marked[1].partition("<!-- end of table -->")
    file = results_page.TABLES[name].file
    source = json.loads((results_page.FIGURES / file).read_text("utf-8"))["source"]
    assert set(source) >= {"command", "data", "version", "cpu"}
    assert f"[{file}](results/{file}): `{source['command']}`" in block
    assert source.get("remark", "") in block
    assert len(_TABLE.findall(block)) == 1


def test_no_other_table_of_the_page_has_figures():
    inside = "".join(re.findall(r"<!-- table: .*?<!-- end of table -->", PAGE, re.DOTALL))
    others = [table for table in _TABLE.findall(PAGE) if table not in inside]
    assert not [table for table in others if re.search(r"\d", table)]


def test_a_changed_figure_changes_the_page(tmp_path, monkeypatch):
    for path in results_page.FIGURES.iterdir():
        text = path.read_text("utf-8").replace('"mean": 86.5', '"mean": 86.4')
        (tmp_path / path.name).write_text(text, "utf-8")
    monkeypatch.setattr(results_page, "FIGURES", tmp_path)
    assert "| ours | 5 | 86.4 ± 0.3 |" in results_page.rendered(PAGE)


def test_no_page_has_a_figure_of_a_program_that_is_lost():
    found = {
        page.relative_to(ROOT).as_posix(): _NOT_KEPT.findall(page.read_text(encoding="utf-8"))
        for page in [*pages(), *(ROOT / "docs/adr").glob("*.md"), ROOT / "benchmarks/README.md"]
    }
    assert {page: words for page, words in found.items() if words} == {}


def test_a_run_of_the_speed_benchmarks_has_what_the_page_shows():
    run = [
        benchmark(f"text to answer, {length} words", name, median, size_mb=size)
        for length in (12, 32)
        for name, median, size in (
            ("BERT-base, PyTorch", 0.1, 438.0),
            ("dixtill, avx2", 2e-5, 0.5),
        )
    ]
    figures = speed_figures(grouped(run), ["avx2"])
    assert "| dixtill, avx2 | 20 µs (5,000x) | 20 µs (5,000x) | 0.5 MB |" in text_to_answer(figures)
    paper = beside_the_paper(figures["beside_the_paper"], 12)
    assert "| dixtill | 0.5 MB | 876x | 20 µs | 5,000x |" in paper


def benchmark(group: str, name: str, seconds: float, **facts: float) -> dict[str, object]:
    """As in pytest-benchmark's JSON."""
    return {
        "group": group,
        "extra_info": {
            "candidate": name, "p90": seconds, "p99": seconds, "cpu_share": 1.0, "facts": facts
        },
        "stats": {"median": seconds, "min": seconds, "rounds": 50},
    }  # fmt: skip
