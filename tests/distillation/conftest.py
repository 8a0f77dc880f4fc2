"""Tiny teachers, saved or explained, on one thread of PyTorch, so that the cores do not matter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_finetuning
import tiny_teachers
import torch
from counting_attributor import TEXTS_PER_SHARD, CountingAttributor

from dixtill.distillation import training
from dixtill.distillation.attribution import store as attribution_store
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.student.examples import Examples
from dixtill.distillation.student.trainer import StudentTrainer
from dixtill.distillation.teacher import precision
from dixtill.distillation.teacher.teacher import Teacher


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def own_threads(one_thread: None) -> Iterator[None]:
    """Set PyTorch back to one thread after a test that asked for more."""
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session", params=list(tiny_teachers.BUILDERS))
def any_teacher(request: pytest.FixtureRequest) -> Teacher:
    """Each of the tiny teachers, one after the other."""
    return tiny_teachers.tiny_teacher(request.param)


@pytest.fixture(scope="session")
def bert() -> Teacher:
    return tiny_teachers.tiny_teacher("bert")


@pytest.fixture(autouse=True)
def exact_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """The precision "auto" is float32 in tests, also where a CPU would be quicker in bfloat16."""
    monkeypatch.setattr(precision, "quickest_precision", lambda _: "float32")


@pytest.fixture
def bert_base(tmp_path: Path) -> Path:
    """The folder of an encoder without a classifier's head."""
    return tiny_finetuning.save_base("bert", tmp_path / "base")


@pytest.fixture
def bert_folder(tmp_path: Path) -> Path:
    """A tiny BERT as transformers saves it."""
    for part in tiny_teachers.build("bert"):
        part.save_pretrained(tmp_path)
    return tmp_path


@pytest.fixture
def attributor(bert: Teacher) -> CountingAttributor:
    return CountingAttributor(bert)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AttributionStore:
    """An empty store with few texts in a shard."""
    monkeypatch.setattr(attribution_store, "TEXTS_PER_SHARD", TEXTS_PER_SHARD)
    return AttributionStore(tmp_path / "attributions")


@pytest.fixture
def trained_on(monkeypatch: pytest.MonkeyPatch) -> list[Examples]:
    """The examples that each trainer was given."""
    seen: list[Examples] = []

    class Recorded(StudentTrainer):
        def __init__(self, student, config, train, *rest) -> None:
            seen.append(train)
            super().__init__(student, config, train, *rest)

    monkeypatch.setattr(training, "StudentTrainer", Recorded)
    return seen
