"""Sets up one thread, the record of the machine, interleaved measurements and the final tables."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import pytest

import dixtill
from benchmarks import machine, peers
from benchmarks.reporting.speed_tables import group_tables
from benchmarks.rounds import (
    GROUP_SECONDS,
    MIN_ROUNDS,
    Candidate,
    Timing,
    interleave,
    percentile,
)

if TYPE_CHECKING:
    from torch import nn

    from benchmarks.trained import Trained
    from dixtill.specification.model_file import StudentModel

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "DIXTILL_NUM_THREADS")

Compare = Callable[..., None]


def pytest_configure() -> None:
    missing = [
        name for name in ("torch", "transformers", "pytest_benchmark") if not find_spec(name)
    ]
    if missing:
        raise pytest.UsageError(
            f"the benchmarks need {', '.join(missing)}; install them with: pip install '.[bench]'"
        )
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # before NumPy, and for child processes
    os.environ["TOKENIZERS_PARALLELISM"] = "false"

    import torch

    torch.set_num_threads(1)


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    machine_info.update(machine.describe_machine())


@pytest.hookimpl(trylast=True)  # below pytest-benchmark's own tables
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    timed = [item for item in session.benchmarks if not item.has_error] if session else []
    if timed:
        terminalreporter.write_line("")
        terminalreporter.write_line(
            group_tables([item.as_dict(include_data=False) for item in timed])
        )


@pytest.fixture
def compare(benchmark: Any) -> Compare:
    """Check all candidates of a group, then time them in turns; the first is the baseline.

    With --benchmark-disable they are only checked.
    """
    benchmark._mode = "interleaved"  # else pytest-benchmark warns that nothing used it

    def run(
        group: str,
        candidates: Sequence[Candidate],
        seconds: float = GROUP_SECONDS,
        min_rounds: int = MIN_ROUNDS,
    ) -> None:
        for candidate in candidates:
            candidate.check(candidate.call())
        if benchmark.disabled:
            return
        calls = [candidate.call for candidate in candidates]
        timings = interleave(calls, seconds, min_rounds)
        for candidate, timing in zip(candidates, timings, strict=True):
            _record(benchmark, group, candidate, timing)

    return run


def _record(benchmark: Any, group: str, candidate: Candidate, timing: Timing) -> None:
    """Add a result to pytest-benchmark, which by itself has one for each test."""
    seconds = [duration / 1e9 for duration in timing.durations]
    twin = copy.copy(benchmark)
    twin.group = group
    twin.name = f"{benchmark.name}[{candidate.name}]"
    twin.fullname = f"{benchmark.fullname}[{candidate.name}]"
    twin.extra_info = {
        "candidate": candidate.name,
        "p90": percentile(seconds, 0.90),
        "p99": percentile(seconds, 0.99),
        "cpu_share": timing.cpu_share,
        "facts": dict(candidate.facts),
    }
    twin._timer, twin._disable_gc = perf_counter_ns, True  # what rounds.py does
    stats = twin._make_stats(iterations=1)
    for duration in seconds:
        stats.update(duration)


@pytest.fixture(scope="session")
def is_timed(request: pytest.FixtureRequest) -> bool:
    """Whether candidates are timed; with --benchmark-disable, small inputs are enough to check."""
    return not request.config.getoption("benchmark_disable")


@pytest.fixture(scope="session")
def student() -> StudentModel:
    from dixtill.specification.model_file import read_model

    return read_model(dixtill.SHIPPED_MODEL)


@pytest.fixture(scope="session")
def cell_students(student: StudentModel) -> Mapping[str, StudentModel]:
    from benchmarks.cell_students import random_students

    return random_students(student)


@pytest.fixture(scope="session")
def tokenizer(student: StudentModel) -> Any:
    from benchmarks.teachers import fast_tokenizer

    return fast_tokenizer(student.vocabulary)


@pytest.fixture(scope="session")
def bert(is_timed: bool) -> nn.Module:
    from benchmarks.teachers import bert_base

    return bert_base(num_layers=12 if is_timed else 2)


@pytest.fixture(scope="session")
def minilm(is_timed: bool) -> nn.Module:
    from benchmarks.teachers import minilm_l6

    return minilm_l6(num_layers=6 if is_timed else 2)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Give a folder for models of hundreds of megabytes, which pytest's own folders would keep."""
    with tempfile.TemporaryDirectory(prefix="dixtill-benchmarks-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def bert_onnx(bert: nn.Module, folder: Path) -> Path | None:
    return _exported(bert, folder / "bert.onnx")


@pytest.fixture(scope="session")
def minilm_onnx_int8(minilm: nn.Module, folder: Path) -> Path | None:
    from benchmarks.onnx_models import quantized

    path = _exported(minilm, folder / "minilm.onnx")
    return path and quantized(path, needs=["MatMulInteger"])


def _exported(model: nn.Module, path: Path) -> Path | None:
    """Return a transformer's ONNX file, or None without ONNX Runtime."""
    if not peers.is_installed("ONNX Runtime"):
        return None
    import torch

    from benchmarks.onnx_models import export
    from benchmarks.teachers import OfIdsAndMask

    ids = torch.arange(32).view(2, 16)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return export(OfIdsAndMask(model), inputs, path)


@pytest.fixture(scope="session")
def fasttext_model(folder: Path) -> Trained | None:
    from benchmarks.trained import fasttext_bigrams

    return fasttext_bigrams(folder) if peers.is_installed("fastText") else None
