"""A search with equal seeds gives equal fronts, wherever it was stopped and whoever trained."""

from __future__ import annotations

import json
import shutil

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from small_course import TRAIN, VALID
from small_search import SMALL, run
from trial_files import values_in

from dixtill import load
from dixtill.architecture_search import search as search_module
from dixtill.architecture_search.costs import student_costs
from dixtill.architecture_search.search import search
from dixtill.architecture_search.trials.folder import FULL, SHORT, TrialFolder
from dixtill.architecture_search.trials.trainer import TrialTrainer
from dixtill.distillation.course import distill
from dixtill.errors import InputError


@pytest.fixture(scope="module")
def whole(bert, tmp_path_factory):
    """A search that was not stopped."""
    return run(bert, tmp_path_factory.mktemp("whole") / "search")


def test_the_same_seed_gives_the_same_front_and_the_same_students(bert, whole, tmp_path):
    again = run(bert, tmp_path / "again")
    assert values_in(again.folder) == values_in(whole.folder)
    assert again.front.objectives == ("fidelity", "size")


@pytest.mark.slow
def test_another_seed_gives_other_students(bert, whole, tmp_path):
    other = run(bert, tmp_path / "other", seed=1)
    assert values_in(other.folder) != values_in(whole.folder)


class Stopped(BaseException):
    """Stands for a kill: nothing that follows it runs."""


@pytest.mark.parametrize("writes", [7, pytest.param(4, marks=pytest.mark.slow)])
def test_a_search_that_is_stopped_again_and_again_ends_with_the_same_front(
    bert, whole, tmp_path, monkeypatch, writes
):
    """It is stopped before every n-th file that it would write."""
    from dixtill import whole_file

    left, original = 0, whole_file.os.replace

    def replace(source, target):
        nonlocal left
        left -= 1
        if left < 0:
            raise Stopped
        original(source, target)

    folder, stops = tmp_path / "stopped", 0
    monkeypatch.setattr(whole_file.os, "replace", replace)
    while True:
        left = writes + stops % 3
        try:
            run(bert, folder)
            break
        except Stopped:
            stops += 1
    monkeypatch.undo()
    assert stops > 3
    assert values_in(folder) == values_in(whole.folder)


def test_a_search_that_is_over_trains_nothing_again(bert, whole, monkeypatch):
    monkeypatch.setattr(TrialTrainer, "_made", None)
    before = {path: path.read_bytes() for path in whole.folder.rglob("*.safetensors")}
    assert run(bert, whole.folder).front == whole.front
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_student_from_which_others_follow_cannot_be_lost(bert, whole, tmp_path, what):
    folder = tmp_path / "search"
    shutil.copytree(whole.folder, folder)
    number = whole.front.points[0].number
    trial = TrialFolder.of(folder, number)
    if what == "folder":
        shutil.rmtree(trial.path)
    else:
        trial.student.unlink()
    with pytest.raises(InputError, match=f"lacks what came of student {number}, from"):
        run(bert, folder)


def test_actors_need_a_cluster(tmp_path):
    with pytest.raises(InputError, match="actors are given without ray"):
        search(None, TRAIN, VALID, out=tmp_path / "search", method="none", actors=2)


@pytest.mark.slow
def test_more_trials_go_on_where_the_search_ended(bert, tmp_path):
    folder = tmp_path / "search"
    first = values_in(run(bert, folder, trials=3).folder)
    more = values_in(run(bert, folder, trials=4).folder)
    del first["front.json"]
    assert {name: more[name] for name in first} == first
    assert TrialFolder.of(folder, 3).has_result(FULL)
    assert not TrialFolder.of(folder, 4).path.exists()


def test_every_point_of_the_front_is_a_ready_student(whole):
    assert whole.front.points
    for point in whole.front.points:
        student = load(whole.folder / point.file)
        assert student("Shares jump").label in student.labels
        assert (whole.folder / point.file).stat().st_size == point.values["size"]


def test_a_third_of_a_generation_takes_the_whole_course(whole):
    full = [n for n in range(6) if TrialFolder.of(whole.folder, n).has_result(FULL)]
    short = [n for n in range(6) if TrialFolder.of(whole.folder, n).has_result(SHORT)]
    assert short == list(range(6))
    assert len([n for n in full if n < 3]) == len([n for n in full if n >= 3]) == 1
    results = [TrialFolder.of(whole.folder, full[0]).result(rung) for rung in (SHORT, FULL)]
    assert [result.epochs for result in results] == [1, 2]


def test_a_student_is_the_one_that_a_course_with_its_settings_makes(bert, whole, tmp_path):
    file = whole.folder / whole.front.points[0].file
    config = load(file).model.settings.provenance["config"]
    choices = whole.front.points[0].choices
    made = distill(
        bert, TRAIN, VALID, out=tmp_path / "s.safetensors", report=False, progress=False,
        embedding_bits=choices["embedding_bits"], steps=SMALL["steps"], **config,
    )  # fmt: skip
    assert made.path.read_bytes() == file.read_bytes()


def test_the_cost_is_known_before_the_training_and_never_too_low(whole):
    storage = JournalStorage(JournalFileBackend(str(whole.folder / "journal.log")))
    trials = optuna.load_study(study_name="dixtill search", storage=storage).trials
    assert len(trials) == 6
    for trial in trials:
        of_trial = TrialFolder.of(whole.folder, trial.number)
        result = of_trial.result(FULL) or of_trial.result(SHORT)
        assert result.size <= trial.user_attrs["size"] <= result.size + 4096
        assert trial.values == [result.fidelity, result.size]


def test_what_breaks_a_limit_is_never_trained(bert, tmp_path, monkeypatch):
    trained = []
    made = TrialTrainer._made

    def counted(self, recipe, *rest):
        trained.append(recipe)
        return made(self, recipe, *rest)

    monkeypatch.setattr(TrialTrainer, "_made", counted)
    found = run(bert, tmp_path / "search", max_size="40kB")
    assert all(point.values["size"] <= 40_000 for point in found.front.points)
    allowed = [n for n in range(6) if TrialFolder.of(found.folder, n).path.exists()]
    assert 0 < len(allowed) < 6
    assert len(trained) == sum(
        TrialFolder.of(found.folder, n).has_result(rung) for n in allowed for rung in (SHORT, FULL)
    )


def test_if_all_break_a_limit_nothing_is_trained_and_nothing_can_be_picked(bert, tmp_path):
    found = run(bert, tmp_path / "search", max_size="5kB")
    assert not found.front.points
    assert not (found.folder / "trials").exists()
    with pytest.raises(InputError, match="found no student that keeps the limits"):
        found.pick("best")


@pytest.mark.slow
def test_a_slow_student_is_not_trained(bert, tmp_path, monkeypatch):
    times = iter([3.0, 9.0, 4.0, 8.0, 3.5, 7.0])
    monkeypatch.setattr(student_costs.Clock, "_microseconds", lambda *_: (1.0, next(times)))
    found = run(bert, tmp_path / "search", max_time="5us", objectives="fidelity,time")
    allowed = [n for n in range(6) if TrialFolder.of(found.folder, n).path.exists()]
    assert allowed == [0, 2, 4]


def test_a_training_that_fails_is_written_down_and_the_search_goes_on(bert, tmp_path, monkeypatch):
    from dixtill.distillation.finite import diverged

    made = TrialTrainer._made

    def fragile(self, recipe, run_folder, watcher):
        if run_folder.parent.name == "0001":
            raise diverged("a loss", 1.0)
        return made(self, recipe, run_folder, watcher)

    monkeypatch.setattr(TrialTrainer, "_made", fragile)
    found = run(bert, tmp_path / "search", trials=3)
    assert TrialFolder.of(found.folder, 1).result(SHORT) is None
    assert "diverged" in json.loads((found.folder / "trials/0001/short.json").read_text())["failed"]
    assert found.front.points


@pytest.mark.slow
def test_a_budget_ends_the_search_before_a_generation_that_would_not_fit(bert, tmp_path):
    found = run(bert, tmp_path / "search", trials=None, budget="0.001s")
    assert not list(found.folder.glob("trials/*"))
    found = run(bert, tmp_path / "search", trials=3, budget="1000s")
    assert len(list(found.folder.glob("trials/*"))) == 3
    again = run(bert, tmp_path / "search", trials=None, budget="0.1s")
    assert len(list(again.folder.glob("trials/*"))) == 3


def test_another_search_in_the_folder_is_refused(bert, whole):
    for changes in ({"seed": 1}, {"max_size": "1MB"}, {"objectives": "size"}, {"epochs": 3}):
        with pytest.raises(InputError, match="choose another folder"):
            run(bert, whole.folder, **changes)


def test_while_a_search_runs_no_other_takes_its_folder(bert, whole):
    from dixtill.claim import held

    with held(whole.folder), pytest.raises(InputError, match="is in use"):
        run(bert, whole.folder)


def test_energy_is_refused_where_nothing_measures_it(bert, tmp_path, monkeypatch):
    monkeypatch.setattr(search_module.Counter, "of_machine", lambda: None)
    with pytest.raises(InputError, match="the objective 'energy' cannot be measured: "):
        run(bert, tmp_path / "search", objectives="fidelity,energy")
    assert not (tmp_path / "search").exists()


def test_fidelity_needs_a_teacher(tmp_path):
    with pytest.raises(InputError, match="'fidelity' compares students with their teacher"):
        search(None, TRAIN, VALID, out=tmp_path / "search", method="none")


@pytest.mark.parametrize(
    ("header", "labels", "settings", "given"),
    [
        ("labels", ("up|sure", "down"), {"label_separator": "|"}, "several labels"),
        ("stars", ("4.5", "1.0"), {"numbers": True}, "a number"),
    ],
)
def test_texts_of_several_labels_or_numbers_are_refused(tmp_path, header, labels, settings, given):
    data = tmp_path / "train.csv"
    rows = [f"text {number},{labels[number % 2]}" for number in range(40)]
    data.write_text("\n".join([f"text,{header}", *rows]), encoding="utf-8")
    with pytest.raises(InputError, match=f"these texts have {given} each, and a search compares"):
        search(
            None, data, out=tmp_path / "search", method="none", objectives="accuracy,size",
            label_column=header, **settings,
        )  # fmt: skip
    assert not (tmp_path / "search").exists()


def test_without_a_teacher_labels_alone_are_learned(tmp_path):
    settings = {**SMALL, "objectives": "accuracy,size", "method": "none", "trials": 3}
    del settings["max_explained"], settings["perturbed"]
    found = search(None, TRAIN, VALID, out=tmp_path / "s", progress=False, **settings)
    assert found.front.points[0].values["fidelity"] is None


@pytest.mark.slow
def test_real_texts_are_used_or_left_out(bert, tmp_path):
    found = run(bert, tmp_path / "search", unlabeled=["Profit grows", "banks fall"])
    used = {}
    for point in found.front.points:
        provenance = load(found.folder / point.file).model.settings.provenance
        used[point.choices["real_texts"]] = provenance["texts_without_labels"]
    assert used.get(True, 8) == 8
    assert used.get(False, 6) == 6


def test_picks(whole, tmp_path):
    points = whole.front.points
    assert whole.pick("smallest") == whole.folder / min(points, key=lambda p: p.values["size"]).file
    best = max(points, key=lambda p: p.values["fidelity"])
    copy = whole.pick("best", tmp_path / "best.safetensors")
    assert copy.read_bytes() == (whole.folder / best.file).read_bytes()
    with pytest.raises(InputError, match="unknown pick 'cheapest', expected one of knee, fastest"):
        whole.pick("cheapest")
