"""Records where the figures of a JSON file come from: command, data, version and CPU."""

from __future__ import annotations

import shlex
import sys
from typing import Any

from cpuinfo import get_cpu_info  # type: ignore[import-untyped]  # pytest-benchmark brings it

import dixtill


def source(module: str, data: str) -> dict[str, Any]:
    """Return the running command as `python -m MODULE` with its arguments, its data and the CPU."""
    return {
        "command": shlex.join(["python", "-m", module, *sys.argv[1:]]),
        "data": data,
        "version": f"dixtill {dixtill.__version__}",
        "cpu": get_cpu_info().get("brand_raw", "unknown"),
    }
