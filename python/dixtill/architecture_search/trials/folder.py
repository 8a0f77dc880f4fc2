"""The folders of a search: one for each student that was trained, with what came of it.

A file is whole or absent. short.json and full.json depend on the settings and the seed alone; what
was spent, which differs from run to run, has a file of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from ...errors import InputError
from ...whole_file import write_whole

SHORT, FULL = "short", "full"  # the rungs: a short course for all, the whole course for the best
STUDENT = "student.safetensors"

_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Result:
    """How a training of a student ended."""

    fidelity: float | None  # None without a teacher
    accuracy: float
    macro_f1: float
    calibration_error: float
    size: int  # bytes of the file
    num_pieces: int
    num_parameters: int
    epochs: int
    best_epoch: int


@dataclass(frozen=True)
class Spent:
    """What a training took."""

    seconds: float
    joules: float | None  # None if nothing measured or estimated them
    energy: str  # how they were found, or why they are unknown


@dataclass(frozen=True)
class TrialFolder:
    """The files of one student."""

    path: Path

    @classmethod
    def of(cls, search: Path, number: int) -> TrialFolder:
        """Return the folder of the student with this number."""
        return cls(search / "trials" / f"{number:04}")

    @property
    def student(self) -> Path:
        """The file of the student that took the full course."""
        return self.path / STUDENT

    def run_folder(self, rung: str) -> Path:
        """Return the folder of a training that is under way."""
        return self.path / f"{rung}.run"

    def write_choices(self, choices: Mapping[str, Any]) -> None:
        """Write the student's settings, unless they are there."""
        path = self.path / "settings.json"
        if not path.exists():
            self.path.mkdir(parents=True, exist_ok=True)
            _write(path, choices)

    def choices(self) -> dict[str, Any]:
        """Return the student's settings."""
        return _read(self.path / "settings.json")

    def write_result(self, rung: str, result: Result | str, spent: Spent) -> None:
        """Write how a training ended, or why it failed; the result comes last."""
        _write(self.path / f"{rung}.spent.json", asdict(spent))
        value = {"failed": result} if isinstance(result, str) else asdict(result)
        _write(self._result(rung), value)

    def has_result(self, rung: str) -> bool:
        """Return whether a training has ended."""
        return self._result(rung).exists()

    def result(self, rung: str) -> Result | None:
        """Return how a training ended; None if it failed or was not made."""
        if not self.has_result(rung):
            return None
        found = _read(self._result(rung))
        return None if "failed" in found else _as(Result, found, self._result(rung))

    def spent(self, rung: str) -> Spent | None:
        """Return what a training took; None if it was not made."""
        path = self.path / f"{rung}.spent.json"
        has_spent = self.has_result(rung) and path.exists()
        return _as(Spent, _read(path), path) if has_spent else None

    def _result(self, rung: str) -> Path:
        return self.path / f"{rung}.json"


def _write(path: Path, value: Mapping[str, Any]) -> None:
    write_whole(path, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode())


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(found, dict):
        raise _damaged(path)
    return found


def _as(kind: Callable[..., _Kind], found: Mapping[str, Any], path: Path) -> _Kind:
    try:
        return kind(**found)
    except TypeError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged; put a copy of it back, or search in another folder")
