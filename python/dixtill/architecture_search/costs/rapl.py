"""Reads the energy counters of a CPU (RAPL) where Linux has them and lets this user read them.

They count everything that the CPU's packages do, not only this process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Counter:
    """The counters of all packages of this machine."""

    packages: Sequence[Path]  # folders with energy_uj and max_energy_range_uj

    @classmethod
    def of_machine(cls, folder: Path = POWERCAP) -> Counter | None:
        """Return the counters, or None if there are none; `why_not` gives the reason."""
        packages = [path for path in _packages(folder) if _is_readable(path)]
        return cls(packages) if packages else None

    def read(self) -> Mapping[Path, int]:
        """Return the microjoules of each package since some moment."""
        return {path: _number(path / "energy_uj") for path in self.packages}

    def joules(self, before: Mapping[Path, int], after: Mapping[Path, int]) -> float:
        """Return the energy between two readings; a counter may begin anew once in between."""
        total = 0
        for path in self.packages:
            spent = after[path] - before[path]
            total += spent if spent >= 0 else spent + _number(path / "max_energy_range_uj")
        return total / 1e6


def why_not(folder: Path = POWERCAP) -> str:
    """Return why no energy can be measured."""
    packages = _packages(folder)
    if packages:
        return (
            f"{packages[0] / 'energy_uj'} cannot be read by this user; an administrator can allow "
            f"it with chmod a+r {folder}/intel-rapl:*/energy_uj"
        )
    return f"this machine shows no energy counter of its CPU (no intel-rapl in {folder})"


def _packages(folder: Path) -> list[Path]:
    """Return the folders of packages; subdomains such as the cores are parts of them."""
    found = sorted(folder.glob("intel-rapl:*"))
    return [
        path
        for path in found
        if path.name.count(":") == 1 and _text(path / "name").startswith("package")
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _number(path: Path) -> int:
    return int(path.read_text())


def _is_readable(package: Path) -> bool:
    return _text(package / "energy_uj").isdecimal()
