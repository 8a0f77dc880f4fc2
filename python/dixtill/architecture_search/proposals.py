"""Proposes students in generations, by Optuna's multivariate TPE with constraints.

All students of a generation are proposed before any of them is trained, each by a sampler of its
own that is seeded by the search's seed and the student's number. So neither the order of the
trainings, nor the number of workers, nor a kill changes what is proposed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, TrialState

from .costs.student_costs import Cost
from .journal import WholeJournal
from .settings import SearchSettings
from .space import Space

JOURNAL = "journal.log"
STUDY = "dixtill search"
# The best of Optuna's 24 candidates almost always has the cell of the best student so far.
_CANDIDATES = 3


class Proposal(NamedTuple):
    """A student that may be trained."""

    number: int
    choices: dict[str, Any]
    cost: Cost
    is_allowed: bool  # whether the cost keeps the limits


class Costing(Protocol):
    """Says what a student costs, without training it."""

    def __call__(self, choices: Mapping[str, Any]) -> Cost: ...


class Proposals:
    """The students that a search has proposed, in a journal in its folder."""

    def __init__(
        self, folder: Path, space: Space, settings: SearchSettings, seed: int, cost: Costing
    ) -> None:
        """Open the journal, or begin one."""
        self._space, self._settings, self._seed, self._cost = space, settings, seed, cost
        self._journal = WholeJournal(folder / JOURNAL)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = optuna.create_study(
            storage=JournalStorage(self._journal),
            study_name=STUDY,
            directions=[
                "maximize" if objective.is_maximized else "minimize"
                for objective in settings.all_objectives
            ],
            load_if_exists=True,
        )

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """What is searched."""
        return self._space.distributions

    @property
    def count(self) -> int:
        """The number of students that were proposed."""
        trials = self.study.get_trials(deepcopy=False)
        return sum(trial.state != TrialState.WAITING for trial in trials)

    def waiting(self) -> list[Proposal]:
        """Return the generation that was proposed, and not yet told; empty if there is none."""
        trials = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return [self._proposal(trial) for trial in trials]

    def all(self) -> list[Proposal]:
        """Return all students that were proposed."""
        return [
            self._proposal(trial)
            for trial in self.study.get_trials(deepcopy=False)
            if trial.state != TrialState.WAITING
        ]

    def told(self) -> list[Proposal]:
        """Return the students whose values later proposals follow from."""
        trials = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return [self._proposal(trial) for trial in trials]

    def propose(self, count: int) -> list[Proposal]:
        """Propose a generation of `count` students, and write it down as a whole.

        The first students of a search have the settings of a course without a search, one for each
        cell.
        """
        if not self.count:
            for choices in self._space.defaults:
                self.study.enqueue_trial(choices)
        for number in range(self.count, self.count + count):
            self._propose_one(number)
        self._journal.commit()
        return self.waiting()

    def tell(self, values: Mapping[int, Sequence[float] | None]) -> None:
        """Say how the students of a generation did, by their numbers, and write it down.

        A student without values was not trained, since it would break a limit, or its training
        failed.
        """
        for number, found in sorted(values.items()):
            if found is None:
                self.study.tell(number, state=TrialState.PRUNED)
            else:
                self.study.tell(number, list(found))
        self._journal.commit()

    def _propose_one(self, number: int) -> None:
        self.study.sampler = TPESampler(
            multivariate=True,
            n_ei_candidates=_CANDIDATES,
            n_startup_trials=self._settings.generation,
            seed=_seed_of(self._seed, number),
        )
        trial = self.study.ask(dict(self._space.distributions))
        cost = self._cost(trial.params)
        for name, value in cost._asdict().items():
            trial.set_user_attr(name, value)
        for name, limit, value in self._limits(cost):
            trial.set_constraint(name, value / limit - 1)

    def _limits(self, cost: Cost) -> list[tuple[str, float, float]]:
        limits = [
            ("max_size", self._settings.max_size, float(cost.size)),
            ("max_time", self._settings.max_time, cost.time),
        ]
        return [(name, limit, value) for name, limit, value in limits if limit is not None]

    def _proposal(self, trial: FrozenTrial) -> Proposal:
        cost = Cost(**{name: trial.user_attrs[name] for name in Cost._fields})
        is_allowed = all(value <= limit for _, limit, value in self._limits(cost))
        return Proposal(trial.number, dict(trial.params), cost, is_allowed)


def _seed_of(seed: int, number: int) -> int:
    digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
    return int.from_bytes(digest[:4], "little")
