"""Imports the native module, and chooses which of its targets (instruction sets) to run.

No other file imports the native module. This one needs no NumPy.
"""

from __future__ import annotations

import os
from collections import namedtuple

from ..errors import InputError, KernelError, NativeModuleError
from .cpus import count_cpus

try:
    from .. import _native as native
except ImportError as error:
    if "subinterpreters" in str(error):  # CPython's own words from 3.12 on
        raise NativeModuleError(
            "dixtill runs in the main interpreter of a process only, and this is a "
            "sub-interpreter; under mod_wsgi set 'WSGIApplicationGroup %{GLOBAL}', elsewhere use "
            "threads or processes"
        ) from error
    raise NativeModuleError(
        f"dixtill's native module cannot be imported ({error}); build it with 'pip install .' "
        "in the source folder"
    ) from error

__all__ = [
    "KERNEL_VARIABLE",
    "THREADS_VARIABLE",
    "TargetStatus",
    "choose_num_threads",
    "choose_target",
    "describe_targets",
    "native",
    "supported_targets",
]

KERNEL_VARIABLE = "DIXTILL_KERNEL"
THREADS_VARIABLE = "DIXTILL_NUM_THREADS"
_MAX_THREADS = 1024
_X86, _ARM = "x86-64", "64-bit ARM"
_BUILDS = {
    "avx512_vnni": _X86, "avx_vnni": _X86, "avx2": _X86, "neon_dotprod": _ARM, "neon": _ARM,
}  # fmt: skip


class TargetStatus(namedtuple("TargetStatus", ["name", "is_supported", "reason"])):
    """A target, whether this CPU and build can run it, and if not, why."""

    __slots__ = ()
    name: str
    is_supported: bool
    reason: str  # empty when supported


def describe_targets() -> list[TargetStatus]:
    """Return every target of this build, best first, then those of builds for other CPUs."""
    here = [
        TargetStatus(name, is_supported, "" if is_supported else f"needs {requirement}")
        for name, requirement, is_supported in native.targets()
    ]
    elsewhere = _BUILDS.keys() - {target.name for target in here}
    return here + [
        TargetStatus(name, False, f"needs a build for {cpu}")
        for name, cpu in _BUILDS.items()
        if name in elsewhere
    ]


def supported_targets() -> tuple[str, ...]:
    """Return the names of the targets that this CPU can run, best first."""
    return _SUPPORTED


_SUPPORTED = tuple(target.name for target in describe_targets() if target.is_supported)


def choose_target(name: str | None = None) -> str:
    """Return the target to run: `name`, else the environment's DIXTILL_KERNEL, else the best.

    Raises KernelError when the one that was asked for is unknown or not supported by this CPU;
    there is no silent fallback.
    """
    asked = name if name is not None else os.environ.get(KERNEL_VARIABLE)
    if asked in _SUPPORTED:
        return asked
    if name is None and not asked:
        return _SUPPORTED[0]
    source = "" if name is not None else f" (from {KERNEL_VARIABLE})"
    reasons = {target.name: target.reason for target in describe_targets()}
    problem = f"not supported here: it {reasons[asked]}" if asked in reasons else "unknown"
    raise KernelError(
        f"kernel '{asked}'{source} is {problem}; supported are: {', '.join(_SUPPORTED)}"
    )


def choose_num_threads() -> int:
    """Return the environment's DIXTILL_NUM_THREADS, else how many CPUs this process may use.

    The latter heeds the affinity and a container's CPU quota: see cpus.py.

    Raises InputError when the variable is not a number from 1 to 1024.
    """
    asked = os.environ.get(THREADS_VARIABLE)
    if not asked:
        return count_cpus()
    if not asked.isdecimal() or len(asked) > 4 or not 1 <= int(asked) <= _MAX_THREADS:
        raise InputError(
            f"{THREADS_VARIABLE} is '{asked}', expected a number from 1 to {_MAX_THREADS}"
        )
    return int(asked)
