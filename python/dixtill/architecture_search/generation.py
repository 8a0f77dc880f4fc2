"""Trains a generation by successive halving: a short course for all, the whole one for the best.

Optuna prunes only where there is one objective, so a search halves by itself. A student that breaks
a limit is not trained at all. The whole course starts from scratch, with a schedule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .costs.student_costs import Cost
from .points import FRONT, Front, Point, losses_of
from .proposals import Proposal
from .ranking import best_share
from .settings import SearchSettings, quality_of
from .trials.folder import FULL, SHORT, Result, TrialFolder
from .trials.trainer import Job
from .trials.workers import Workers

_SHARE = 3  # one in three takes the whole course

OnDone = Callable[[Job, int, int], None]  # a job, the number of jobs done, and of all jobs


@dataclass(frozen=True)
class Generations:
    """Trains generations of one search."""

    folder: Path
    settings: SearchSettings
    epochs: int  # of the whole course

    def train(
        self, proposals: Sequence[Proposal], workers: Workers, on_done: OnDone
    ) -> dict[int, Sequence[float] | None]:
        """Train a generation, except what is trained already.

        Returns:
            The values of each student's last rung, in the order of the objectives, by its number;
            None for a student that was not trained or whose training failed.
        """
        allowed = [proposal for proposal in proposals if proposal.is_allowed]
        for proposal in allowed:
            TrialFolder.of(self.folder, proposal.number).write_choices(proposal.choices)
        values: dict[int, Sequence[float] | None] = dict.fromkeys(p.number for p in proposals)
        if self.epochs > self.settings.short_epochs:
            values |= self._rung(allowed, SHORT, workers, on_done)
            allowed = self._promoted(allowed)
        return values | self._rung(allowed, FULL, workers, on_done)

    def check(self, told: Sequence[Proposal]) -> None:
        """Raise InputError if the results are gone of a student that was told, or on the front."""
        on_front = Front.read(self.folder).points if (self.folder / FRONT).exists() else ()
        finished = {point.number for point in on_front}
        for proposal in told:
            trial = TrialFolder.of(self.folder, proposal.number)
            rungs = [rung for rung in (SHORT, FULL) if trial.has_result(rung)]
            is_whole = FULL in rungs and trial.student.exists()
            if not rungs or (proposal.number in finished and not is_whole):
                raise InputError(
                    f"{trial.path} lacks what came of student {proposal.number}, from which later "
                    "students follow; put the folder back, or search in another one"
                )

    def _rung(
        self, proposals: Sequence[Proposal], rung: str, workers: Workers, on_done: OnDone
    ) -> dict[int, Sequence[float] | None]:
        jobs = [Job(proposal.number, rung) for proposal in proposals]
        for count, job in enumerate(workers(jobs), start=1):
            on_done(job, count, len(jobs))
        found: dict[int, Sequence[float] | None] = {}
        for proposal in proposals:
            result = TrialFolder.of(self.folder, proposal.number).result(rung)
            found[proposal.number] = None if result is None else self._values(proposal, result)
        return found

    def _values(self, proposal: Proposal, result: Result) -> list[float]:
        """Return the value of each objective."""
        known = values_of(proposal.cost, result)
        values = [known[name] for name in self.settings.objectives]
        return [value for value in values if value is not None]

    def _promoted(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Return the best third of those whose short course did not fail."""
        trained, points, ties = [], [], []
        for proposal in proposals:
            result = TrialFolder.of(self.folder, proposal.number).result(SHORT)
            if result is not None:
                known = values_of(proposal.cost, result)
                trained.append(proposal)
                points.append(losses_of(known, self.settings.objectives))
                ties.append(losses_of(known, [quality_of(self.settings.objectives)])[0])
        return [trained[i] for i in best_share(points, ties, _SHARE)]

    def points(self, proposals: Sequence[Proposal]) -> list[Point]:
        """Return the students that took the whole course."""
        found = []
        for proposal in proposals:
            trial = TrialFolder.of(self.folder, proposal.number)
            result = trial.result(FULL)
            if result is not None:
                values = values_of(proposal.cost, result)
                file = trial.student.relative_to(self.folder).as_posix()
                found.append(Point(proposal.number, values, proposal.choices, file))
        return found


def values_of(cost: Cost, result: Result) -> dict[str, float | None]:
    """Return the value of every objective; None for what was not measured."""
    return {
        "fidelity": result.fidelity,
        "accuracy": result.accuracy,
        "macro_f1": result.macro_f1,
        "size": result.size,
        "time": cost.time,
        "energy": cost.energy,
    }
