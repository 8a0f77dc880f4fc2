"""Texts that a student learns in a second, and a tiny teacher for them on disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_students import model_with_familiarity

from dixtill.specification.model_file import write_model

sys.path.append(str(Path(__file__).parents[1] / "distillation"))  # tiny_teachers

_UP = ("shares soar", "stock jumps", "profit grows", "sales climb")
_DOWN = ("shares fall", "stock sinks", "profit shrinks", "sales drop")


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Good and bad news in turn."""
    pairs = zip(_UP, _DOWN, strict=True)
    both = [text for pair in pairs for text in pair]
    return [f"{text} {when}" for when in ("today", "again", "in May") for text in both]


@pytest.fixture(scope="session")
def directions(texts: list[str]) -> list[str]:
    """Their labels."""
    return ["up", "down"] * (len(texts) // 2)


@pytest.fixture
def student(tmp_path: Path) -> Path:
    """A student's file, with random weights."""
    write_model(model_with_familiarity(), tmp_path / "student.safetensors")
    return tmp_path / "student.safetensors"


@pytest.fixture(scope="session")
def teacher_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A tiny teacher: bearish, bullish, neutral. It answers in float32 on every CPU."""
    import tiny_teachers

    from dixtill.distillation.teacher import precision

    folder = tmp_path_factory.mktemp("teacher")
    for part in tiny_teachers.build("bert"):
        part.save_pretrained(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(precision, "quickest_precision", lambda _: "float32")
        yield folder
