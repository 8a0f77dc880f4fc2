"""Measures the energy of work by CodeCarbon, offline, and says what was measured.

CodeCarbon reads the counters of CPUs (RAPL) and GPUs (NVML) where there are any. Without a counter
it estimates the CPU's energy from its load and its rated power. If it does not even know the rated
power it would take a default, which says nothing about the machine: no joules are reported then.
That of the memory is always an estimate. All of it is the whole machine's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...errors import DixtillError, first_line

_JOULES = 3.6e6  # in a kilowatt-hour
_SECONDS = 5.0  # between two readings
_COUNTERS = {"intel_rapl": "RAPL", "windows_emi": "the Windows Energy Meter Interface"}
SHARED = "unknown: several trainings shared the machine"

# Nothing may leave the machine, whatever a configuration file of CodeCarbon says.
_OFFLINE: dict[str, Any] = {
    "output_methods": [],
    "output_handlers": [],
    "emissions_endpoint": None,
    "electricitymaps_api_token": "",
    "cloud_provider": "",
    "cloud_region": "",
    "country_iso_code": "",
    "force_carbon_intensity_g_co2e_kwh": 0.0,  # emissions depend on the grid; none are reported
    "output_dir": ".",
    "tracking_mode": "machine",
    "allow_multiple_runs": True,
    "log_level": "critical",
    "measure_power_secs": _SECONDS,
}


@dataclass
class Energy:
    """The energy that some work took; known when the work has ended."""

    joules: float | None = None
    source: str = "unknown: the work has not ended"


class Meter:
    """Measures energy in this process, for one piece of work at a time."""

    def __init__(self, is_alone: bool = True) -> None:
        """Measure nothing if other work of the search shares this machine."""
        self._is_alone = is_alone

    @contextmanager
    def running(self) -> Iterator[Energy]:
        """Measure while the context lasts. Failures of the measurement are reported, not raised."""
        energy, tracker = Energy(), None
        try:
            if self._is_alone:
                tracker = _started()
            else:
                energy.source = SHARED
        except Exception as error:  # it reads files of many systems
            energy.source = f"unknown: {first_line(error)}"
        try:
            yield energy
        finally:
            if tracker is not None:
                try:
                    tracker.stop()
                    energy.joules, energy.source = _read(tracker)
                except Exception as error:
                    energy.source = f"unknown: {first_line(error)}"


def _started() -> Any:
    """Return a tracker that runs.

    Raises:
        DixtillError: what it would say of this machine means nothing.
    """
    # The import of CodeCarbon sets the level of its log, and it logs before it reads its own level.
    from codecarbon import OfflineEmissionsTracker

    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
    tracker = OfflineEmissionsTracker(**_OFFLINE)
    tracker._ensure_hardware_ready()
    if _source_of_processor(tracker) is None:
        raise DixtillError(
            "no counter can be read, and CodeCarbon does not know the rated power of this CPU "
            f"({tracker._conf.get('cpu_model')})"
        )
    tracker.start()
    return tracker


def _read(tracker: Any) -> tuple[float, str]:
    """Return the joules of a tracker that was stopped, and how they were found."""
    found = tracker.final_emissions_data
    parts = [
        f"{_source_of_processor(tracker)} ({found.cpu_energy * _JOULES:.0f} J)",
        f"memory estimated ({found.ram_energy * _JOULES:.0f} J)",
    ]
    if found.gpu_count:
        parts.append(f"GPU measured ({found.gpu_energy * _JOULES:.0f} J)")
    return float(found.energy_consumed * _JOULES), ", ".join(parts)


def _source_of_processor(tracker: Any) -> str | None:
    """Say how the energy of the processor is found; None if only a default is known."""
    for part in tracker._hardware:
        kind = type(part).__name__
        if kind in ("AppleSiliconChip", "Raspberry"):
            return f"CPU measured by CodeCarbon's {kind}"
        if kind == "CPU" and part._mode in _COUNTERS:
            return f"CPU measured by {_COUNTERS[part._mode]}"
        if kind == "CPU" and not part._is_generic_tdp and _is_rated(part.get_model()):
            return f"CPU estimated from its load and {part._tdp:g} W"
    return None


def _is_rated(model: str) -> bool:
    """Return whether CodeCarbon's table has the rated power of a CPU."""
    from codecarbon.core.cpu import TDP

    return TDP.__new__(TDP)._get_cpu_power_from_registry(model) is not None
