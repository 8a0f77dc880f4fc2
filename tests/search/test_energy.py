"""Energy is measured, or estimated and called so, or unknown; and nothing leaves the machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from codecarbon.core import cpu
from codecarbon.external.hardware import CPU

from dixtill.architecture_search.costs import energy, rapl
from dixtill.architecture_search.costs.energy import SHARED, Meter
from dixtill.architecture_search.costs.rapl import Counter


@pytest.fixture
def no_network(monkeypatch):
    """Fail if anything connects, resolves a name, or sends; an error could be swallowed."""
    used = []

    def refuse(*arguments, **_):
        used.append(arguments)
        raise OSError("there is no network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    yield
    assert used == []


def work():
    sum(number * number for number in range(200_000))


@pytest.fixture
def rated(monkeypatch):
    """A CPU whose rated power CodeCarbon's table has, and no counter."""
    monkeypatch.setattr(cpu, "is_rapl_available", lambda *_: False)
    monkeypatch.setattr(energy, "_is_rated", lambda _: True)


@pytest.mark.usefixtures("rated", "no_network")
def test_without_a_counter_the_energy_is_an_estimate_and_says_so(tmp_path, monkeypatch):
    """A configuration that would send everything to a server changes nothing."""
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = "[codecarbon]\nsave_to_api=true\nemissions_endpoint=http://192.0.2.1/\n"
    settings += "electricitymaps_api_token=x\noutput_methods=csv,api\noutput_dir=elsewhere\n"
    (tmp_path / ".codecarbon.config").write_text(settings)
    monkeypatch.chdir(tmp_path)
    with Meter().running() as found:
        work()
    assert found.joules is not None, found.source
    assert found.joules > 0
    assert "CPU estimated from its load and" in found.source
    assert "memory estimated (" in found.source
    assert os.listdir(tmp_path) == [".codecarbon.config"]


def test_a_cpu_of_unknown_power_has_no_joules(monkeypatch):
    monkeypatch.setattr(cpu, "is_rapl_available", lambda *_: False)
    monkeypatch.setattr(energy, "_is_rated", lambda _: False)
    with Meter().running() as found:
        work()
    assert found.joules is None
    assert "does not know the rated power of this CPU" in found.source


def test_only_the_table_says_that_a_power_is_rated():
    assert energy._is_rated("AMD EPYC 7763")
    assert not energy._is_rated("no such processor")


def test_a_counter_is_a_measurement():
    part = CPU.__new__(CPU)
    part._mode = "intel_rapl"

    tracker = SimpleNamespace(_hardware=[part])
    assert energy._source_of_processor(tracker) == "CPU measured by RAPL"


def test_several_trainings_on_a_machine_have_no_energy_of_their_own():
    with Meter(is_alone=False).running() as found:
        pass
    assert (found.joules, found.source) == (None, SHARED)


@pytest.mark.parametrize("part", ["_started", "_read"])
def test_a_failing_measurement_does_not_end_a_search(monkeypatch, part, rated):
    def fail(*_):
        raise OSError("no such counter")

    monkeypatch.setattr(energy, part, fail)
    with Meter().running() as found:
        done = True
    assert done
    assert (found.joules, found.source) == (None, "unknown: no such counter")


def test_an_error_of_the_work_is_the_works(rated):
    with pytest.raises(ZeroDivisionError), Meter().running():
        raise ZeroDivisionError


def test_codecarbon_prints_nothing(tmp_path):
    code = (
        "from dixtill.architecture_search.costs.energy import Meter\n"
        "with Meter().running() as found: pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    said = [line for line in done.stderr.splitlines() if "codecarbon" in line.lower()]
    assert (done.stdout, said) == ("", [])


def package(folder: Path, name: str, energy_uj: int, kind: str = "package-0") -> Path:
    path = folder / name
    path.mkdir()
    (path / "name").write_text(f"{kind}\n")
    (path / "energy_uj").write_text(f"{energy_uj}\n")
    (path / "max_energy_range_uj").write_text("1000000\n")
    return path


def test_counters_of_packages_are_added_and_may_begin_anew(tmp_path):
    first = package(tmp_path, "intel-rapl:0", 900_000)
    second = package(tmp_path, "intel-rapl:1", 5)
    package(tmp_path, "intel-rapl:0:0", 7, "core")
    package(tmp_path, "intel-rapl:2", 7, "psys")
    counter = Counter.of_machine(tmp_path)
    before = counter.read()
    (first / "energy_uj").write_text("100000")
    (second / "energy_uj").write_text("50005")
    assert counter.joules(before, counter.read()) == pytest.approx(0.25)


def test_without_counters_there_is_a_reason(tmp_path):
    assert Counter.of_machine(tmp_path) is None
    assert rapl.why_not(tmp_path).startswith("this machine shows no energy counter of its CPU")
    path = package(tmp_path, "intel-rapl:0", 1)
    (path / "energy_uj").unlink()
    assert Counter.of_machine(tmp_path) is None
    assert "cannot be read by this user; an administrator can allow it" in rapl.why_not(tmp_path)
