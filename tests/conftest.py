"""Real data and a real teacher, where they are: a test that needs them skips without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("DIXTILL_SHARED", Path(__file__).parents[2] / "shared"))


def _existing(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"needs {path.name} in {SHARED} (set DIXTILL_SHARED to where it is)")
    return path


@pytest.fixture(scope="session")
def tfns() -> Path:
    """Folder of Twitter Financial News Sentiment: train.csv and valid.csv."""
    return _existing(SHARED / "data" / "tfns")


@pytest.fixture(scope="session")
def teacher_tfns() -> Path:
    """Folder of a fine-tuned teacher for it."""
    return _existing(SHARED / "teacher-tfns")
