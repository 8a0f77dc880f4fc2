"""The settings of a search, and its objectives. Needs neither PyTorch nor Optuna."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar, NamedTuple

from .. import limits
from ..distillation.config import AllSettings
from ..distillation.settings import Settings
from ..errors import InputError
from ..limits import Limits
from .quantities import DURATIONS, SIZES, TIMES, quantity

DEFAULT_TRIALS = 36  # if neither trials nor a budget is given


class Objective(NamedTuple):
    """A number that a search makes large or small."""

    name: str
    is_maximized: bool
    meaning: str

    def loss(self, value: float) -> float:
        """Return a number that is to be made small."""
        return -value if self.is_maximized else value


OBJECTIVES: Mapping[str, Objective] = {
    objective.name: objective
    for objective in (
        Objective("fidelity", True, "share of the validation texts with the teacher's label"),
        Objective("accuracy", True, "share of the validation texts with the right label"),
        Objective("macro_f1", True, "mean F1 of the labels on the validation texts"),
        Objective("size", False, "bytes of the student's file"),
        Objective("time", False, "microseconds for a text, measured on this machine"),
        Objective("energy", False, "microjoules for a text, measured by the CPU's counter"),
    )
}
QUALITIES = ("fidelity", "accuracy", "macro_f1")
_CHOSEN = ("max_bytes", "run_folder", "report")  # by the search


@dataclass(frozen=True)
class SearchSettings(Settings):
    """What a search looks for, and how long."""

    objectives: tuple[str, ...] = ("fidelity", "size", "time")
    max_size: int | None = None  # bytes of a student's file
    max_time: float | None = None  # microseconds for a text
    budget: float | None = None  # seconds
    trials: int | None = None  # students that are proposed
    generation: int = 9  # students that are proposed together
    short_epochs: int = 1  # of the course that every proposed student takes
    workers: int = 1  # processes that train

    LIMITS: ClassVar[Mapping[str, Limits]] = {
        "max_size": limits.COUNT,
        "max_time": limits.POSITIVE,
        "budget": limits.POSITIVE,
        "trials": limits.COUNT,
        "generation": limits.COUNT,
        "short_epochs": limits.COUNT,
        "workers": limits.THREADS,
    }

    def __post_init__(self) -> None:
        """Raise InputError if a setting is out of range, or an objective is unknown."""
        super().__post_init__()
        object.__setattr__(self, "objectives", _checked_objectives(self.objectives))
        if self.trials is None and self.budget is None:
            object.__setattr__(self, "trials", DEFAULT_TRIALS)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> SearchSettings:
        """Return the settings with values such as "200kB", "5us" and "2h" in their units."""
        read = dict(given)
        for name, units in (("max_size", SIZES), ("max_time", TIMES), ("budget", DURATIONS)):
            if read.get(name) is not None:
                read[name] = quantity(name, read[name], units)
        if read.get("max_size") is not None:
            read["max_size"] = int(read["max_size"])
        return cls(**read)

    @property
    def all_objectives(self) -> tuple[Objective, ...]:
        """The objectives, in the order in which they were given."""
        return tuple(OBJECTIVES[name] for name in self.objectives)


def quality_of(objectives: Sequence[str]) -> str:
    """Return the first of fidelity, accuracy and macro_f1 among the objectives; else accuracy."""
    return next((name for name in QUALITIES if name in objectives), "accuracy")


def split_settings(given: Mapping[str, Any]) -> tuple[SearchSettings, dict[str, Any]]:
    """Separate the settings of the search from those that all its students share.

    Raises:
        InputError: a setting is unknown, out of range, or made by the search itself.
    """
    own = {name: value for name, value in given.items() if name in SearchSettings.names()}
    shared = {name: value for name, value in given.items() if name not in own}
    for name in shared:
        if name in _CHOSEN:
            raise InputError(f"{name} cannot be given to a search, which chooses it")
        if close := get_close_matches(name, SearchSettings.names(), n=1, cutoff=0.8):
            raise InputError(f"unknown setting '{name}'; did you mean '{close[0]}'?")
    AllSettings.of(shared)
    return SearchSettings.of(own), shared


def _checked_objectives(given: object) -> tuple[str, ...]:
    names = tuple(given.split(",")) if isinstance(given, str) else given
    if not isinstance(names, (list, tuple)) or not names:
        known = ", ".join(OBJECTIVES)
        raise InputError(f"objectives is {given!r:.40}, expected names from {known}")
    names = tuple(name.strip() if isinstance(name, str) else name for name in names)
    for name in names:
        if name not in OBJECTIVES:
            raise InputError(
                f"unknown objective '{name!s:.40}', expected one of {', '.join(OBJECTIVES)}"
            )
    if len(set(names)) < len(names):
        raise InputError(f"an objective occurs twice in {', '.join(names)}")
    return names
