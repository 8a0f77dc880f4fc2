"""A search that ends in seconds: a tiny teacher, few texts, and short courses."""

from __future__ import annotations

from pathlib import Path

from small_course import TRAIN, VALID

from dixtill.architecture_search.search import SearchResult, search

# Without a measured time, equal seeds give equal fronts on every machine.
SMALL = {
    "objectives": "fidelity,size",
    "trials": 6,
    "generation": 3,
    "epochs": 2,
    "batch_size": 16,
    "perturbed": 6,
    "steps": 2,
    "max_explained": 6,
}


def run(teacher, folder: Path, **settings) -> SearchResult:
    """Search quietly, with TRAIN and VALID."""
    return search(teacher, TRAIN, VALID, out=folder, progress=False, **{**SMALL, **settings})
