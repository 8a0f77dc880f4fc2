"""CPUs by affinity and quota: the files of cgroups are made in a folder that stands for /."""

from __future__ import annotations

import os

import pytest
from running import run_program

from dixtill.runtime import cpus
from dixtill.runtime.cpus import cpu_quota
from dixtill.runtime.targets import choose_num_threads

hypothesis = pytest.importorskip("hypothesis", reason="draws files with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

V2 = "0::/kubepods.slice/pod1.slice/app.scope\n"
V1 = "12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n"
POD = "sys/fs/cgroup/kubepods.slice"


@pytest.fixture
def root(tmp_path):
    """Writes files under a folder: a name to its text."""

    def write(**files):
        for name, text in files["files"].items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return str(tmp_path)

    return write


CASES = {
    "no files": ({}, None),
    "v2 without a quota": ({"proc/self/cgroup": V2, f"{POD}/cpu.max": "max 100000\n"}, None),
    "v2 at the process's level": (
        {"proc/self/cgroup": V2, f"{POD}/pod1.slice/app.scope/cpu.max": "200000 100000\n"}, 2,
    ),
    "v2, the least of all levels": (
        {
            "proc/self/cgroup": V2,
            f"{POD}/pod1.slice/app.scope/cpu.max": "max 100000\n",
            f"{POD}/pod1.slice/cpu.max": "300000 100000\n",
            f"{POD}/cpu.max": "800000 100000\n",
        },
        3,
    ),
    "v2 in a container": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2,
    ),
    "v2 in a container that sees the host's path": (
        {"proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/cpu.max": "50000 100000"}, 1,
    ),
    "v2 seen from outside its namespace": (
        {"proc/self/cgroup": "0::/../other\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"}, 4,
    ),
    "v1": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "250000\n",
            "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
        },
        3,
    ),
    "v1 in a container": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "50000\n",
        },
        2,
    ),
    "v1 without a quota": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        None,
    ),
    "both": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "900000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/unified/docker/cpu.max": "700000 100000\n",
        },
        7,
    ),
    "another controller": (
        {
            "proc/self/cgroup": "3:cpuset:/\n",
            "sys/fs/cgroup/cpuset/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpuset/cpu.cfs_period_us": "100000\n",
        },
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_the_quota_is_the_least_of_all_levels_rounded_up(root, files, expected):
    assert cpu_quota(root(files=files)) == expected


@hypothesis.settings(deadline=None)
@hypothesis.given(
    st.one_of(st.text(), st.from_regex(r"-?[0-9]{1,30}( -?[0-9]{0,9})?\n?", fullmatch=True))
)
def test_no_content_of_a_file_is_an_error(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("root")
    for name in ("proc/self/cgroup", "sys/fs/cgroup/cpu.max"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8", errors="replace")
    assert (cpu_quota(str(folder)) or 1) >= 1
    (folder / "proc/self/cgroup").write_text("0::/\n")
    assert (cpu_quota(str(folder)) or 1) >= 1


def test_threads_are_no_more_than_the_quota_which_is_read_every_ten_seconds(monkeypatch):
    now = [1000.0]
    quotas = [None, 2, 64]
    monkeypatch.delenv("DIXTILL_NUM_THREADS", raising=False)
    monkeypatch.setattr(cpus, "_kept", (0.0, 1))
    monkeypatch.setattr(cpus, "monotonic", lambda: now[0])
    monkeypatch.setattr(cpus, "cpu_quota", lambda: quotas.pop(0))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    numbers = []
    for seconds in (0.0, 9.0, 2.0, 0.0, 20.0):
        now[0] += seconds
        numbers.append(choose_num_threads())
    assert numbers == [8, 8, 2, 2, 8]
    monkeypatch.setenv("DIXTILL_NUM_THREADS", "5")
    assert choose_num_threads() == 5


def test_reading_it_imports_nothing():
    run = run_program(
        "import sys, dixtill.runtime.classifier; from dixtill.runtime import cpus\n"
        "before = set(sys.modules); cpus.count_cpus(); print(set(sys.modules) - before)"
    )
    assert run.stdout == "set()\n", run.stderr
