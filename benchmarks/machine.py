"""Records what times depend on apart from the code: versions, threads, compiler flags, load."""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

from benchmarks.rounds import clock_overhead_ns

_PACKAGES = (
    "dixtill", "numpy", "safetensors", "torch", "transformers", "tokenizers", "onnx",
    "onnxruntime", "fasttext-wheel", "fasttext-community", "scikit-learn", "captum",
    "transformers-interpret",
)  # fmt: skip
_BUILDS = Path(__file__).parents[1] / "build"


def describe_machine() -> dict[str, Any]:
    """Return what to add to pytest-benchmark's own record, which has the CPU and its flags."""
    import torch

    from dixtill.runtime.targets import supported_targets

    return {
        "versions": {name: _version(name) for name in _PACKAGES},
        "num_threads": 1,  # unless a group's name says two
        "num_cores": os.cpu_count(),
        "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "clock_overhead_ns": clock_overhead_ns(),
        "dixtill_targets": supported_targets(),
        "dixtill_is_editable": _is_editable("dixtill"),
        "dixtill_compiler_flags": _compiler_flags(),
        "torch_cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _is_editable(package: str) -> bool:
    origin = json.loads(distribution(package).read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _compiler_flags() -> dict[str, str]:
    """Return the flags of each object file in the newest build in build/, if there is one."""
    builds = sorted(_BUILDS.glob("*/build.ninja"), key=lambda path: path.stat().st_mtime)
    if not builds:
        return {}
    rules = re.findall(
        r"^build (\S+\.o):.*?^  FLAGS = (.*?)$", builds[-1].read_text("utf-8"), re.M | re.S
    )
    return {Path(name).stem: flags for name, flags in rules}
