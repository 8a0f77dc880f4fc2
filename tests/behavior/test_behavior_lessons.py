"""Writes the texts that a student may learn from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.behavior.__main__ import main
from tests.behavior.suite import suite

from dixtill.distillation.data.unlabeled import UnlabeledTexts, stream_texts


def test_lessons_are_written_as_texts_without_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lessons.csv"
    monkeypatch.setattr(sys, "argv", ["behavior", "--write", str(path)])
    assert main() == 0
    evaluated = [text for group in suite().values() for case in group for text in case.texts]
    written = list(stream_texts(path))
    assert {
        text for group in suite("lessons").values() for case in group for text in case.texts
    } <= {*written}
    # No text of the evaluation, nor one that differs from it in numbers and links alone.
    assert len(UnlabeledTexts(lambda: written, evaluated)) == len(UnlabeledTexts(lambda: written))
    assert len(written) == len(set(written)) > 10_000
