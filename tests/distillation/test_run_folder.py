"""What a run folder holds, and how a damaged or foreign one is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from toy_training import CONFIG, new_student, new_trainer, read_log, toy_examples, trained, weights

from dixtill.errors import InputError


def test_the_folder_holds_config_and_metrics(tmp_path):
    trained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["method"] == "dixtill"
    assert [metrics.epoch for metrics in read_log(tmp_path)] == [1, 2, 3, 4]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.previous.pt", "checkpoint.pt", "config.json", "metrics.jsonl"
    ]  # fmt: skip


def cuts(content: bytes) -> list[int]:
    """Lengths to truncate a file to: zero, all but its last byte, and some in between."""
    return sorted({0, 1, *range(7, len(content), len(content) // 12 + 1), len(content) - 1})


def test_a_checkpoint_cut_anywhere_is_replaced_by_the_one_before(tmp_path):
    expected = trained(tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    whole = files[tmp_path / "checkpoint.pt"]
    for length in cuts(whole):
        for path, content in files.items():
            path.write_bytes(content)
        (tmp_path / "checkpoint.pt").write_bytes(whole[:length])
        resumed = new_trainer(tmp_path, student=new_student(seed=9))
        assert len(resumed.history) == CONFIG.epochs - 1
        assert not (tmp_path / "checkpoint.pt").exists()
        if length == len(whole) - 1:
            resumed.run()
            assert weights(resumed) == expected
            assert len(read_log(tmp_path)) == CONFIG.epochs


def test_where_both_checkpoints_are_damaged_it_is_said_which_to_delete(tmp_path):
    expected = trained(tmp_path)
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:500])
    sentence = r"checkpoint.pt is damaged \(.+\); delete it and checkpoint.previous.pt to start"
    with pytest.raises(InputError, match=sentence):
        new_trainer(tmp_path)
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        (tmp_path / name).unlink()
    assert trained(tmp_path) == expected


@pytest.mark.parametrize("change", ["a list", "no history", "foreign metrics", "other weights"])
def test_a_checkpoint_of_something_else_is_one_sentence(tmp_path, change):
    trained(tmp_path, replace(CONFIG, epochs=1))
    path = tmp_path / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    changed = {
        "a list": [1],
        "no history": {name: state[name] for name in state if name != "history"},
        "foreign metrics": {**state, "history": [{"loss": 1.0}]},
        "other weights": {**state, "student": {"head.bias": torch.zeros(9)}},
    }
    torch.save(changed[change], path)
    with pytest.raises(InputError, match=r"checkpoint.pt is damaged \(.+\); delete it to start"):
        new_trainer(tmp_path, replace(CONFIG, epochs=1))


def test_a_config_cut_anywhere_is_one_sentence(tmp_path):
    trained(tmp_path, replace(CONFIG, epochs=1))
    whole = (tmp_path / "config.json").read_bytes()
    for length in cuts(whole):
        (tmp_path / "config.json").write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"config.json is damaged.*choose another run folder"):
            new_trainer(tmp_path, replace(CONFIG, epochs=1))


def test_a_checkpoint_without_its_config_is_refused(tmp_path):
    trained(tmp_path, replace(CONFIG, epochs=1))
    (tmp_path / "config.json").unlink()
    with pytest.raises(InputError, match=r"not a run: config.json is missing; choose another run"):
        new_trainer(tmp_path, replace(CONFIG, epochs=1))


@pytest.mark.parametrize("change", [{"alpha": 0.5}, {"seed": 1}, {"epochs": 5}], ids=str)
def test_another_config_in_the_same_folder_is_refused(tmp_path, change):
    short = replace(CONFIG, epochs=1)
    trained(tmp_path, short)
    (name,) = change
    with pytest.raises(InputError, match=f"holds a run with another {name}; choose another run"):
        new_trainer(tmp_path, replace(short, **change))


def test_a_mistake_before_the_first_epoch_ends_does_not_claim_the_folder(tmp_path):
    new_trainer(tmp_path)
    new_trainer(tmp_path, replace(CONFIG, alpha=0.5))
    assert json.loads((tmp_path / "config.json").read_text())["alpha"] == 0.5


@pytest.mark.parametrize("part", ["train", "valid"])
def test_other_data_in_the_same_folder_are_refused(tmp_path, part):
    trained(tmp_path, replace(CONFIG, epochs=1))
    with pytest.raises(InputError, match="holds a run on other data; choose another run folder"):
        new_trainer(tmp_path, replace(CONFIG, epochs=1), **{part: toy_examples(5)})
