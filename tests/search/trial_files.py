"""What a search found: all that equal seeds must make equal."""

from __future__ import annotations

import json
from pathlib import Path

_MEASURED = ("time", "energy")


def values_in(folder: Path) -> dict[str, object]:
    """The settings, results and students of a search, and its front without measured times."""
    kept = [*folder.glob("trials/*/*")]
    found: dict[str, object] = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in kept
        if not path.name.endswith(".spent.json")
    }
    front = json.loads((folder / "front.json").read_text())
    for point in front["points"]:
        for name in _MEASURED:
            del point["values"][name]
    return {**found, "front.json": front}
