"""What is proposed depends on the seed and on what was told, not on when or how often one asks."""

from __future__ import annotations

import json

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from dixtill.architecture_search import proposals as proposals_module
from dixtill.architecture_search.costs.student_costs import Cost
from dixtill.architecture_search.page.importance import importances
from dixtill.architecture_search.proposals import JOURNAL, Proposals
from dixtill.architecture_search.settings import SearchSettings
from dixtill.architecture_search.space import Space
from dixtill.errors import InputError

SPACE = Space.of({}, 9000, 3000, 1)
SETTINGS = SearchSettings(objectives=("fidelity", "size"), generation=4, max_size=150_000)


def cost(choices):
    return Cost(1000 * choices["embedding_dim"] + 2000 * choices["hidden_dim"], 5.0, None)


def told(proposal):
    if not proposal.is_allowed:
        return None
    choices = proposal.choices
    return [choices["hidden_dim"] / 96 - choices["dropout"], proposal.cost.size]


def opened(folder, seed=0):
    return Proposals(folder, SPACE, SETTINGS, seed, cost)


def searched(folder, generations, seed=0, reopened=False):
    folder.mkdir(exist_ok=True)
    proposals = opened(folder, seed)
    for _ in range(generations):
        if reopened:
            proposals = opened(folder, seed)
        generation = proposals.propose(4)
        if reopened:
            proposals = opened(folder, seed)
            assert proposals.waiting() == generation
        proposals.tell({proposal.number: told(proposal) for proposal in reversed(generation)})
    return [(proposal.number, proposal.choices) for proposal in proposals.all()]


def test_a_search_that_is_reopened_proposes_the_same(tmp_path):
    whole = searched(tmp_path / "whole", 5)
    assert searched(tmp_path / "again", 5) == whole
    assert searched(tmp_path / "reopened", 5, reopened=True) == whole
    assert searched(tmp_path / "other", 5, seed=1) != whole
    assert [number for number, _ in whole] == list(range(20))
    assert len({json.dumps(choices) for _, choices in whole}) > 15


def test_the_first_students_are_the_default_with_each_cell(tmp_path):
    found = searched(tmp_path / "search", 1)
    assert found[0] == (0, SPACE.default)
    assert [choices for _, choices in found[:3]] == SPACE.defaults
    assert {choices["cell"] for choices in SPACE.defaults} == {"lstm", "gru", "linear"}


def test_a_cell_that_is_given_is_that_of_all_students():
    space = Space.of({"cell": "gru"}, 9000, 3000, 1)
    assert space.defaults == [space.default]
    assert "cell" not in space.default


@pytest.mark.parametrize("seed", range(3))
def test_no_cell_is_given_up_after_the_first_students(tmp_path, seed):
    """As long as the cells do equally well, each is still proposed."""
    found = searched(tmp_path / "search", 10, seed)
    assert {choices["cell"] for _, choices in found[8:]} == {"lstm", "gru", "linear"}


def test_what_is_told_matters(tmp_path, monkeypatch):
    whole = searched(tmp_path / "whole", 4)
    monkeypatch.setattr(f"{__name__}.told", lambda p: [-p.choices["dropout"], -1.0])
    assert searched(tmp_path / "other", 4) != whole


def test_a_generation_that_was_half_proposed_is_forgotten(tmp_path, monkeypatch):
    whole = searched(tmp_path / "whole", 3)
    folder = tmp_path / "killed"
    searched(folder, 2)
    calls = []

    def killed(choices):
        calls.append(choices)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return cost(choices)

    with pytest.raises(KeyboardInterrupt):
        Proposals(folder, SPACE, SETTINGS, 0, killed).propose(4)
    assert searched(folder, 1) == whole


def test_optuna_reads_the_journal_and_knows_the_constraints(tmp_path):
    searched(tmp_path / "search", 3)
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "search" / JOURNAL)))
    study = proposals_module.optuna.load_study(study_name=proposals_module.STUDY, storage=storage)
    assert len(study.trials) == 12
    for trial in study.trials:
        (constraint,) = trial.constraints.values()
        assert (constraint > 0) == (trial.user_attrs["size"] > 150_000)
        assert (trial.values is None) == (constraint > 0)


def test_a_search_learns_the_limits(tmp_path):
    """Proposals keep the limit more often after some generations."""
    kept = []
    for seed in range(3):
        found = searched(tmp_path / f"search-{seed}", 10, seed)
        kept.append([cost(choices).size <= 150_000 for _, choices in found])
    first, last = (
        sum(sum(allowed[part]) for allowed in kept) for part in (slice(8), slice(20, 40))
    )
    assert last / 20 > first / 8


@pytest.mark.parametrize("line", [b'{"op_code"', b"1", b"[1]"])
def test_a_damaged_journal_is_refused(tmp_path, line):
    searched(tmp_path / "search", 1)
    path = tmp_path / "search" / JOURNAL
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(InputError, match="is damaged"):
        opened(tmp_path / "search")


def test_the_setting_that_decides_is_the_most_important(tmp_path):
    found = searched(tmp_path / "search", 10)
    rows = [(choices, float(choices["hidden_dim"])) for _, choices in found]
    shares = importances(SPACE.distributions, rows)
    assert next(iter(shares)) == "hidden_dim"
    assert sum(shares.values()) == pytest.approx(1)
    assert importances(SPACE.distributions, rows[:14]) == {}
    assert importances(SPACE.distributions, [(choices, 1.0) for choices, _ in rows]) == {}


def test_only_the_best_students_say_what_is_important(tmp_path):
    """The best third has few units; among the others, dropout decides."""
    found = searched(tmp_path / "search", 10)
    rows = []
    for number, (_, proposed) in enumerate(found):
        is_good = number % 3 == 0
        dropout, units = number % 11 * 0.05, 8 if is_good else 48 + number % 7 * 8
        choices = {**proposed, "dropout": dropout, "hidden_dim": units}
        rows.append((choices, 0.01 * number if is_good else 1 + dropout))
    assert importances(SPACE.distributions, rows)["hidden_dim"] > 0.9
