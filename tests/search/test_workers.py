"""Workers of this machine and of a Ray cluster find the front of one process, even if they die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from small_search import run
from trial_files import values_in

from dixtill.architecture_search.trials.trainer import Job, TrialTrainer
from dixtill.architecture_search.trials.workers import workers_of
from dixtill.distillation.progress.watcher import Watcher
from dixtill.errors import DixtillError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def alone(bert, tmp_path_factory):
    """What one process finds."""
    return values_in(run(bert, tmp_path_factory.mktemp("alone") / "search").folder)


def test_two_processes_find_the_same(bert, alone, tmp_path):
    assert values_in(run(bert, tmp_path / "search", workers=2).folder) == alone


def first_generation(values):
    """The files of the first three students."""
    return {name: content for name, content in values.items() if "trials" <= name < "trials/0003"}


class Dying(TrialTrainer):
    """A trainer in which the process dies."""

    def train(self, job, watcher=None):
        os._exit(1)


def test_a_process_that_is_killed_ends_the_search_with_a_sentence(tmp_path):
    with (
        workers_of(Dying(tmp_path, {}, 1), 2, Watcher()) as train,
        pytest.raises(DixtillError, match="a process that trained a student was killed"),
    ):
        list(train([Job(0, "short")]))


class Patient(TrialTrainer):
    """A trainer whose trainings do not end."""

    def train(self, job, watcher=None):
        (self.folder / "began").touch()
        time.sleep(600)


def interrupt(folder: Path) -> None:
    """Interrupt this process and its workers as Ctrl-C does, once one of them trains."""
    while not (folder / "began").exists():
        time.sleep(0.05)
    for process in multiprocessing.active_children():
        os.kill(process.pid, signal.SIGINT)
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupted_search_waits_for_no_training_and_its_processes_say_nothing(tmp_path, capfd):
    threading.Thread(target=interrupt, args=(tmp_path,), daemon=True).start()
    with (
        pytest.raises(KeyboardInterrupt),
        workers_of(Patient(tmp_path, {}, 1), 2, Watcher()) as train,
    ):
        list(train([Job(0, "short"), Job(1, "short")]))
    assert not multiprocessing.active_children()
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")  # raised inside Ray
def test_actors_that_die_change_nothing(bert, alone, tmp_path, monkeypatch, ray_address):
    from dixtill.architecture_search.trials import ray_workers

    class Mortal(ray_workers.RayTrainer):
        def __call__(self, rows):
            (row,) = rows.to_pylist()
            if row["number"] == 1:
                die_once(tmp_path / "died before a training")
            found = super().__call__(rows)
            if row["number"] == 2:
                die_once(tmp_path / "died after a training")
            return found

    def die_once(marker):
        if not marker.exists():
            marker.touch()
            os._exit(1)

    monkeypatch.setattr(ray_workers, "RayTrainer", Mortal)
    found = values_in(run(bert, tmp_path / "search", ray=ray_address, trials=3).folder)
    assert len(list(tmp_path.glob("died *"))) == 2
    assert found.keys() - {"front.json"} == first_generation(alone).keys()
    assert found.items() >= first_generation(alone).items()
