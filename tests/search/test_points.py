"""What a search's folder holds is read as it was written, or refused with a sentence."""

from __future__ import annotations

import pytest

from dixtill.architecture_search.points import FRONT, Front, Point
from dixtill.architecture_search.trials.folder import SHORT, TrialFolder
from dixtill.errors import InputError


def point(number: int, fidelity: float, accuracy: float) -> Point:
    values = {"fidelity": fidelity, "accuracy": accuracy, "macro_f1": 0.5, "size": 1, "time": 1.0}
    return Point(number, values, {}, f"trials/{number:04}/student.safetensors")


def test_the_best_student_has_the_highest_fidelity_in_any_order_of_the_objectives(tmp_path):
    points = (point(0, 0.9, 0.6), point(1, 0.8, 0.7))
    for objectives in (("fidelity", "accuracy"), ("accuracy", "fidelity")):
        Front(objectives, points).write(tmp_path)
        assert Front.read(tmp_path).pick("best").number == 0
    assert Front(("size", "accuracy"), points).pick("best").number == 1


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{",
        '{"objectives": ["size"], "points": [1]}',
        '{"objectives": ["beauty"], "points": [{"number": 0, "values": {}, "choices": {}, '
        '"file": "a"}]}',
        '{"objectives": [], "points": [{"number": 0, "values": {}, "choices": {}, "file": "a"}]}',
    ],
)
def test_a_damaged_front_is_refused(tmp_path, content):
    (tmp_path / FRONT).write_text(content)
    with pytest.raises(InputError, match=r"front\.json is damaged; search again to renew it"):
        Front.read(tmp_path).pick("best")


@pytest.mark.parametrize("content", ["[]", "{", "{}", '{"size": 1}'])
def test_a_damaged_result_is_refused(tmp_path, content):
    trial = TrialFolder.of(tmp_path, 0)
    trial.path.mkdir(parents=True)
    for name in ("short.json", "short.spent.json"):
        (trial.path / name).write_text(content)
    for read in (trial.result, trial.spent):
        with pytest.raises(InputError, match=r"short\.(spent\.)?json is damaged"):
            read(SHORT)
