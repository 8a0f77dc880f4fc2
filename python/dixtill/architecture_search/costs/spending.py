"""Writes down the time and the energy that a search takes, over all its runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter

from ...errors import InputError
from ...whole_file import write_whole
from .energy import Energy


@dataclass
class Spending:
    """What a search has taken so far."""

    seconds: float = 0.0
    generations: list[float] = field(default_factory=list)  # seconds of each that has ended
    joules: float | None = None  # of the runs whose energy is known
    energy: list[str] = field(default_factory=list)  # how it was found, or why it is unknown


class SpendingFile:
    """The file with the spending of a search; a killed run loses what followed the last entry."""

    def __init__(self, path: Path) -> None:
        """Read the file, if it exists; raise InputError if it is damaged."""
        self._path = path
        try:
            known = json.loads(path.read_bytes()) if path.exists() else {}
            self.spending = Spending(**known)
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is damaged; delete it to count from zero") from error
        self._before = self.spending.seconds
        self._start = perf_counter()

    @property
    def seconds(self) -> float:
        """The seconds of all runs until now."""
        return self._before + perf_counter() - self._start

    def write(self) -> None:
        """Write down the seconds until now."""
        self.spending.seconds = self.seconds
        content = json.dumps(asdict(self.spending), indent=1)
        write_whole(self._path, content.encode())

    def end_generation(self, seconds: float) -> None:
        """Write down a generation that has ended."""
        self.spending.generations.append(seconds)
        self.write()

    def end_run(self, energy: Energy) -> None:
        """Write down the energy of this run."""
        spending = self.spending
        if energy.joules is not None:
            spending.joules = (spending.joules or 0.0) + energy.joules
        if energy.source not in spending.energy:
            spending.energy.append(energy.source)
        self.write()

    def has_room(self, budget: float) -> bool:
        """Return whether one more generation, as long as the longest, would end in time."""
        return self.seconds + max(self.spending.generations, default=0.0) <= budget
