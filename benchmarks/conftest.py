"""One thread, a record of the machine, the contestants, and a table at the end of the run."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import dixtill

from .report import markdown

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
PACKAGES = ("dixtill", "numpy", "safetensors", "tokenizers", "torch", "transformers")

Measure = Callable[..., Any]


def pytest_configure() -> None:
    missing = [
        name for name in ("torch", "transformers", "pytest_benchmark") if not find_spec(name)
    ]
    if missing:
        raise pytest.UsageError(
            f"the benchmarks need {', '.join(missing)}; install them with: pip install '.[bench]'"
        )
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # before NumPy, and for child processes

    import torch

    torch.set_num_threads(1)


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Add to pytest-benchmark's own record, which holds the CPU with its flags."""
    from dixtill.runtime.targets import supported_targets

    machine_info["versions"] = {name: version(name) for name in PACKAGES}
    machine_info["num_threads"] = 1
    machine_info["dixtill_targets"] = supported_targets()


@pytest.hookimpl(trylast=True)  # below pytest-benchmark's own tables
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    timed = [item for item in session.benchmarks if not item.has_error] if session else []
    if timed:
        terminalreporter.write_line("")
        terminalreporter.write_line(markdown([item.as_dict(include_data=False) for item in timed]))


@pytest.fixture
def measure(benchmark: Any) -> Measure:
    """Time a call as one candidate of a group; the group's first is its baseline."""

    def run(group: str, candidate: str, call: Callable[[], Any], **facts: float) -> None:
        benchmark.group = group
        benchmark.extra_info.update(candidate=candidate, **facts)
        benchmark(call)

    return run


@pytest.fixture(scope="session")
def student_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The student that ships, or a random one of its shape: timing does not depend on weights."""
    if Path(dixtill.SHIPPED_MODEL).exists():
        return Path(dixtill.SHIPPED_MODEL)
    from dixtill.runtime.model_file import write_model

    from .contestants import random_student

    path = tmp_path_factory.mktemp("student") / "random.safetensors"
    write_model(random_student(), path)
    return path
