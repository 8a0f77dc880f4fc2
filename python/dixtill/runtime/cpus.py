"""Counts the CPUs that this process may use, by affinity and by the quota of its control groups.

A container that may use two CPUs of sixty-four sees all of them. Its quota is in a file of its
control group (v2: cpu.max, v1: cpu.cfs_quota_us). Without these files, and outside Linux, no quota
is known.
"""

from __future__ import annotations

import os
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A quota may change while the process runs; reading it takes up to a millisecond.
_SECONDS_TO_KEEP = 10.0
_kept: tuple[float, int | None] = (-_SECONDS_TO_KEEP, None)  # when it was read, and the quota


def count_cpus() -> int:
    """Return the number of CPUs that this process may use, at least 1.

    The affinity is read each time, the quota every ten seconds.
    """
    global _kept
    now = monotonic()
    if now - _kept[0] >= _SECONDS_TO_KEEP:
        _kept = now, cpu_quota()
    quota = _kept[1]
    if hasattr(os, "sched_getaffinity"):
        number = len(os.sched_getaffinity(0))
    else:
        number = os.cpu_count() or 1
    return number if quota is None else min(number, quota)


def cpu_quota(root: str = "/") -> int | None:
    """Return how many CPUs the quotas of the process's cgroups allow, rounded up, or None.

    It is the smallest of all levels, from the process's own cgroup up. `root` holds /proc and /sys.
    """
    quotas = [
        quota
        for folder in _cgroup_folders(root)
        for quota in (_quota_v2(folder), _quota_v1(folder))
        if quota is not None
    ]
    return min(quotas, default=None)


def _cgroup_folders(root: str) -> Iterator[str]:
    """Yield the folders of the process's cgroups, and of those above them, that may limit CPU time.

    A line of /proc/self/cgroup is ID:CONTROLLERS:PATH; v2 has the ID 0 and names no controllers.
    In a container the path may be the host's and not exist; then only the mount's top is found,
    which is the container's own cgroup.
    """
    for line in _read(os.path.join(root, "proc/self/cgroup")).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            mounts = ["sys/fs/cgroup", "sys/fs/cgroup/unified"]
        elif "cpu" in controllers.split(","):
            mounts = [f"sys/fs/cgroup/{controllers}", "sys/fs/cgroup/cpu"]
        else:
            continue
        names = [name for name in path.split("/") if name not in ("", "..")]
        for mount in mounts:
            for depth in range(len(names), -1, -1):
                yield os.path.join(root, mount, *names[:depth])


def _quota_v2(folder: str) -> int | None:
    quota, _, period = _read(os.path.join(folder, "cpu.max")).partition(" ")
    return _cpus_of(quota, period)


def _quota_v1(folder: str) -> int | None:
    quota, period = (
        _read(os.path.join(folder, f"cpu.cfs_{name}_us")) for name in ("quota", "period")
    )
    return _cpus_of(quota, period)


def _cpus_of(quota: str, period: str) -> int | None:
    """Convert microseconds of CPU time per period to CPUs; None for "max", -1 and the like."""
    try:
        time, length = int(quota), int(period)
    except ValueError:
        return None
    return max(1, -(-time // length)) if time > 0 and length > 0 else None


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""
