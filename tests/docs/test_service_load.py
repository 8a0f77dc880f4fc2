"""The documentation's web service under load, for ten seconds of tools/soak_service.py."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest
from tools import soak_service

pytestmark = pytest.mark.slow

MAX_GROWTH_MIB = 8  # MiB that the allocator may keep, beyond 60 at the start


@pytest.mark.skipif(not find_spec("uvicorn"), reason="serves: pip install 'dixtill[test]'")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_the_web_service_answers_32_clients_without_errors_in_flat_memory():
    report = soak_service.soak(num_clients=32, seconds=10)
    assert report.errors == []
    assert len(report.latencies) >= 32
    assert report.memory[-1][1] - report.memory_after(report.seconds / 3) < MAX_GROWTH_MIB, report
