"""A shape is timed once, beside a reference, and its time is kept."""

from __future__ import annotations

import json

import pytest
from tiny_students import random_model

from dixtill.architecture_search.costs.student_costs import Clock
from dixtill.errors import InputError

TEXTS = ["apple shares jump", "shares fall", "profit"]


def clock(path, counter=None):
    return Clock(path, TEXTS, random_model(), counter)


def test_a_time_is_measured_once_and_kept(tmp_path):
    path = tmp_path / "times.json"
    time, energy = clock(path)("small", lambda: random_model(d=8))
    assert time > 0
    assert energy is None
    assert float(f"{time:.2g}") == time
    assert clock(path)("small", None) == (time, None)


def test_a_disturbance_of_one_text_in_each_round_is_not_counted(tmp_path, monkeypatch):
    """In each round another text is interrupted, so that no whole round is quick."""
    rounds = iter(range(1000))

    def disturbed(self, student):
        number = next(rounds)
        return [5.0 if text == number // 2 % 3 else 2e-6 for text in range(3)]

    monkeypatch.setattr(Clock, "_round", disturbed)
    assert clock(tmp_path / "times.json")("small", random_model)[0] == pytest.approx(2.0)


def test_times_are_those_of_the_machine_as_it_was(tmp_path, monkeypatch):
    """The machine has become twice as slow: the reference takes twice as long as at first."""
    path = tmp_path / "times.json"
    times = iter([(10.0, 5.0), (20.0, 14.0)])
    monkeypatch.setattr(Clock, "_microseconds", lambda *_: next(times))
    assert clock(path)("first", random_model)[0] == 5.0
    assert clock(path)("second", random_model)[0] == 7.0
    assert json.loads(path.read_text())["reference"] == 10.0


def test_energy_is_measured_if_there_is_a_counter(tmp_path, monkeypatch):
    from dixtill.architecture_search.costs import student_costs

    class Counter:
        def read(self):
            return 0

        def joules(self, before, after):
            return 0.5

    monkeypatch.setattr(student_costs, "_ENERGY_SECONDS", 0.0)
    monkeypatch.setattr(student_costs, "_TEXTS", 2)
    counted = []
    original = Clock._round

    def rounds(self, student):
        counted.append(len(self._texts))
        return original(self, student)

    monkeypatch.setattr(Clock, "_round", rounds)
    monkeypatch.setattr(
        student_costs, "perf_counter", iter([float(n) / 4 for n in range(10_000)]).__next__
    )
    monkeypatch.setattr(student_costs, "_ENERGY_SECONDS", 0.3)
    _, energy = clock(tmp_path / "times.json", Counter())("small", random_model)
    num_texts = sum(counted[2 * student_costs._ROUNDS :])
    assert energy == pytest.approx(0.5e6 / num_texts, rel=0.05)


@pytest.mark.parametrize("content", ["{", "1", "[1]"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "times.json").write_text(content)
    with pytest.raises(InputError, match=r"times\.json is damaged"):
        clock(tmp_path / "times.json")
