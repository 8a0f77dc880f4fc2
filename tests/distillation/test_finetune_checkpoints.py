"""Tests that every truncated, changed or missing file makes a checkpoint incomplete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dixtill.distillation.fine_tuning.checkpoints import last_checkpoint, mark_whole, saving


def make(folder: Path, number: int, best: int | None) -> Path:
    checkpoint = folder / f"checkpoint-{number}"
    (checkpoint / "deeper").mkdir(parents=True)
    best_checkpoint = best and f"/where/it/was/checkpoint-{best}"
    state = {"best_model_checkpoint": best_checkpoint, "step": number}
    (checkpoint / "trainer_state.json").write_text(json.dumps(state))
    (checkpoint / "model.safetensors").write_bytes(b"weights" * number)
    (checkpoint / "deeper" / "file").write_bytes(b"more")
    mark_whole(checkpoint)
    return checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Checkpoints of epochs 1 to 3, of which the second is the best."""
    for number, best in ((4, None), (8, 8), (12, 8)):
        make(tmp_path, number, best)
    return tmp_path


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_last_by_number_is_taken(folder):
    assert last_checkpoint(folder) == str(folder / "checkpoint-12")
    assert left(folder) == {"checkpoint-4", "checkpoint-8", "checkpoint-12"}


@pytest.mark.parametrize(
    "name", ["whole.json", "trainer_state.json", "model.safetensors", "deeper/file"]
)
def test_a_file_that_was_cut_anywhere_or_is_gone_takes_its_checkpoint_with_it(folder, name):
    path = folder / "checkpoint-12" / name
    content = path.read_bytes()
    for cut in (*range(0, len(content), 5), len(content) - 1, None):
        if cut is None:
            path.unlink()
        else:
            path.write_bytes(content[:cut])
        assert last_checkpoint(folder) == str(folder / "checkpoint-8")
        assert left(folder) == {"checkpoint-4", "checkpoint-8"}
        make(folder, 12, 8)


def test_a_file_too_many_or_another_one_is_noticed(folder):
    (folder / "checkpoint-12" / "optimizer.pt").touch()
    assert last_checkpoint(folder) == str(folder / "checkpoint-8")
    weights = folder / "checkpoint-8" / "model.safetensors"
    weights.write_bytes(weights.read_bytes().replace(b"w", b"W", 1))
    assert last_checkpoint(folder) == str(folder / "checkpoint-4")


def test_a_checkpoint_is_of_no_use_without_the_best_one(folder):
    """Otherwise the last epoch would silently be taken for the best."""
    (folder / "checkpoint-8" / "model.safetensors").unlink()
    assert last_checkpoint(folder) == str(folder / "checkpoint-4")
    assert left(folder) == {"checkpoint-4"}


def test_what_has_another_name_is_left_alone(folder):
    (folder / "checkpoint-old").mkdir()
    (folder / "notes").touch()
    assert last_checkpoint(folder) == str(folder / "checkpoint-12")
    assert {"checkpoint-old", "notes"} <= left(folder)


def test_without_checkpoints_the_last_one_is_none(tmp_path):
    assert last_checkpoint(tmp_path) is None
    (tmp_path / "checkpoint-4").mkdir()
    assert last_checkpoint(tmp_path) is None
    assert left(tmp_path) == set()


def test_the_errors_of_writers_become_one_of_the_system(tmp_path):
    with (
        pytest.raises(
            OSError, match=r"cannot be written, perhaps .* full \(half of it\)"
        ) as raised,
        saving(tmp_path),
    ):
        raise RuntimeError(" half of it ")
    assert raised.value.filename == str(tmp_path)
