"""Collects what a search has done, for its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from optuna.distributions import BaseDistribution

from ..costs.spending import Spending
from ..generation import values_of
from ..points import Front, Point, losses_of
from ..proposals import Proposal
from ..settings import QUALITIES, SearchSettings
from ..trials.folder import FULL, SHORT, Result, Spent, TrialFolder
from .importance import importances


@dataclass(frozen=True)
class Training:
    """One training of a student, as it ended."""

    number: int
    rung: str
    result: Result | None  # None if it failed
    spent: Spent | None


@dataclass(frozen=True)
class Summary:
    """All that a search has done so far."""

    settings: SearchSettings
    front: Front
    points: Sequence[Point]  # all students that took the whole course
    num_proposed: int
    num_refused: int  # beyond a limit
    trainings: Sequence[Training]
    importances: Mapping[str, Mapping[str, float]]  # by objective; see importance.py
    spending: Spending

    @classmethod
    def of(
        cls,
        folder: Path,
        settings: SearchSettings,
        proposals: Sequence[Proposal],
        points: Sequence[Point],
        distributions: Mapping[str, BaseDistribution],
        spending: Spending,
    ) -> Summary:
        """Read the folders of all students."""
        trainings = [
            Training(proposal.number, rung, trial.result(rung), trial.spent(rung))
            for proposal in proposals
            for trial in [TrialFolder.of(folder, proposal.number)]
            for rung in (SHORT, FULL)
            if trial.has_result(rung)
        ]
        return cls(
            settings,
            Front.of(settings.objectives, points),
            points,
            len(proposals),
            sum(not proposal.is_allowed for proposal in proposals),
            trainings,
            _importances(settings, proposals, distributions, trainings),
            spending,
        )


def _importances(
    settings: SearchSettings,
    proposals: Sequence[Proposal],
    distributions: Mapping[str, BaseDistribution],
    trainings: Sequence[Training],
) -> dict[str, dict[str, float]]:
    """Return the importances for each objective.

    Qualities are those after the first course, which all trained students have taken alike. Sizes
    and times are known of all students that were proposed.
    """
    first: dict[int, Result] = {}
    for training in trainings:
        if training.result is not None:
            first.setdefault(training.number, training.result)
    found = {}
    for name in settings.objectives:
        rows = []
        for proposal in proposals:
            if name in QUALITIES and proposal.number in first:
                values = values_of(proposal.cost, first[proposal.number])
                rows.append((proposal.choices, losses_of(values, [name])[0]))
            elif name not in QUALITIES:
                values = proposal.cost._asdict()
                rows.append((proposal.choices, losses_of(values, [name])[0]))
        found[name] = importances(distributions, rows)
    return {name: values for name, values in found.items() if values}
