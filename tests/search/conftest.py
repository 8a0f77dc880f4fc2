"""A tiny teacher, and PyTorch on one thread."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("optuna", reason="needs the extra search")
pytest.importorskip("codecarbon", reason="needs the extra search")
import torch

sys.path.append(str(Path(__file__).parents[1] / "distillation"))  # tiny_teachers, small_course

import tiny_teachers

from dixtill.distillation.teacher import precision
from dixtill.distillation.teacher.teacher import Teacher


@pytest.fixture(scope="session", autouse=True)
def equal_everywhere() -> Iterator[None]:
    """PyTorch uses one thread and exact products, also before fixtures of a module are made."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(precision, "quickest_precision", lambda _: "float32")
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def bert() -> Teacher:
    return tiny_teachers.tiny_teacher("bert")
