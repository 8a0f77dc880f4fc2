"""The students that a search has trained, and the choice of one of them. Needs no extra.

front.json in a search's folder has the front; each of its points is a ready student.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import InputError
from ..whole_file import write_whole
from .ranking import Losses, front_of, knee
from .settings import OBJECTIVES, QUALITIES, quality_of

FRONT = "front.json"
Pick = Literal["knee", "fastest", "smallest", "best"]


@dataclass(frozen=True)
class Point:
    """A student that took the full course."""

    number: int
    values: Mapping[str, float | None]  # of every objective; None if it was not measured
    choices: Mapping[str, Any]
    file: str  # the student's, relative to the search's folder

    def losses(self, objectives: Sequence[str]) -> Losses:
        """Return a number for each objective that is to be made small."""
        return losses_of(self.values, objectives)


@dataclass(frozen=True)
class Front:
    """The students that no other student dominates, in the order of their numbers."""

    objectives: tuple[str, ...]
    points: tuple[Point, ...]

    @classmethod
    def of(cls, objectives: Sequence[str], points: Sequence[Point]) -> Front:
        """Return the front of some points."""
        kept = front_of([point.losses(objectives) for point in points]) if points else []
        return cls(tuple(objectives), tuple(points[i] for i in kept))

    @property
    def quality(self) -> str:
        """What says how good a student is; see `quality_of`."""
        return quality_of(self.objectives)

    def pick(self, way: Pick) -> Point:
        """Return one student: a compromise, or the best in one respect.

        "knee" is the point nearest to the best value of every objective, where each is scaled to
        what the front spans; "best" has the best quality (`quality_of`), which also breaks ties.

        Raises:
            InputError: the front is empty, or the way is unknown.
        """
        if way not in get_args(Pick):
            known = ", ".join(get_args(Pick))
            raise InputError(f"unknown pick '{way!s:.40}', expected one of {known}")
        if not self.points:
            raise InputError(
                "the search has found no student that keeps the limits; choose wider ones"
            )
        if way == "knee":
            return self.points[knee([point.losses(self.objectives) for point in self.points])]
        name = {"fastest": "time", "smallest": "size", "best": self.quality}[way]

        def rank(point: Point) -> tuple[float, ...]:
            return (*point.losses([name, self.quality]), point.number)

        return min(self.points, key=rank)

    def write(self, folder: Path) -> None:
        """Write front.json."""
        content = {"objectives": self.objectives, "points": [asdict(p) for p in self.points]}
        write_whole(folder / FRONT, (json.dumps(content, indent=1) + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Front:
        """Read front.json.

        Raises:
            InputError: there is none, or it is damaged.
        """
        path = folder / FRONT
        try:
            found = json.loads(path.read_bytes())
            front = cls(tuple(found["objectives"]), tuple(Point(**p) for p in found["points"]))
            for point in front.points:
                point.losses([*front.objectives, *QUALITIES, "size", "time"])
            return front
        except (FileNotFoundError, NotADirectoryError) as error:
            raise InputError(
                f"{folder} has no {FRONT}: no generation of a search has ended there; search first"
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{path} is damaged; search again to renew it") from error


def losses_of(values: Mapping[str, float | None], names: Sequence[str]) -> Losses:
    """Return a number for each of these objectives that is to be made small."""
    found = [(OBJECTIVES[name], values[name]) for name in names]
    return tuple(
        float("inf") if value is None else objective.loss(value) for objective, value in found
    )
