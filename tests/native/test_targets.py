"""Which target runs: asked for, from the environment, or the best."""

from __future__ import annotations

import subprocess
import sys
from unittest.mock import patch

import numpy as np
import pytest
from random_students import Sizes, kernel_of, random_student

from dixtill.errors import DixtillError, KernelError
from dixtill.runtime import targets
from dixtill.specification import kernels


@pytest.fixture(autouse=True)
def without_environment(monkeypatch):
    monkeypatch.delenv("DIXTILL_KERNEL", raising=False)


@pytest.fixture(scope="module")
def weights():
    return random_student(Sizes(5, 4, 4, 4, 2), seed=0)


def target_that_runs(weights, target: str | None = None) -> str:
    """The target that the native module is given."""
    with patch.object(kernels.native, "forward", return_value=[None] * 5) as forward:
        kernel_of(weights, target)([0], [0, 1])
    name: str = forward.call_args.args[0]
    return name


def test_scalar_is_always_supported_and_last():
    assert targets.supported_targets()[-1] == "scalar"


def test_the_best_target_is_the_default(weights):
    assert targets.choose_target() == targets.supported_targets()[0]
    assert target_that_runs(weights) == targets.supported_targets()[0]


def test_the_environment_chooses_the_target(weights, target, monkeypatch):
    monkeypatch.setenv("DIXTILL_KERNEL", target)
    assert target_that_runs(weights) == target


def test_an_argument_wins_over_the_environment(weights, target, monkeypatch):
    monkeypatch.setenv("DIXTILL_KERNEL", "nonsense")
    assert target_that_runs(weights, target) == target


def test_an_empty_variable_is_as_good_as_none(monkeypatch):
    monkeypatch.setenv("DIXTILL_KERNEL", "")
    assert targets.choose_target() == targets.supported_targets()[0]


def test_an_unknown_target_is_an_error_that_names_the_supported_ones(weights, monkeypatch):
    supported = ", ".join(targets.supported_targets())
    with pytest.raises(KernelError, match=f"^kernel 'mmx' is unknown; supported are: {supported}$"):
        kernel_of(weights, "mmx")([0], [0, 1])
    with pytest.raises(KernelError, match=r"^kernel '' is unknown"):
        kernel_of(weights, "")([0], [0, 1])
    monkeypatch.setenv("DIXTILL_KERNEL", "sse9")
    with pytest.raises(KernelError, match=r"^kernel 'sse9' \(from DIXTILL_KERNEL\) is unknown"):
        kernel_of(weights)([0], [0, 1])


def test_a_target_that_the_cpu_lacks_is_an_error_with_its_reason(monkeypatch):
    compiled = [("avx9", "a CPU of the future", False), ("scalar", "any CPU", True)]
    monkeypatch.setattr(targets.native, "targets", lambda: compiled)
    monkeypatch.setattr(targets, "_SUPPORTED", ("scalar",))
    with pytest.raises(KernelError, match="not supported here: it needs a CPU of the future; "):
        targets.choose_target("avx9")
    reasons = {status.name: status.reason for status in targets.describe_targets()}
    assert reasons["avx9"] == "needs a CPU of the future"
    assert reasons["scalar"] == ""


def test_a_target_of_another_kind_of_cpu_is_named_with_what_it_needs():
    described = {status.name: status for status in targets.describe_targets()}
    assert set(described) >= {"avx512_vnni", "avx_vnni", "avx2", "neon_dotprod", "neon", "scalar"}
    absent = set(described) - {name for name, _, _ in targets.native.targets()}
    assert absent
    for name in absent:
        with pytest.raises(KernelError, match="not supported here: it needs a build for "):
            targets.choose_target(name)


def test_the_native_module_refuses_an_unknown_target(weights):
    with pytest.raises(ValueError, match="kernel 'mmx' is not supported here"):
        targets.native.forward(
            "mmx", kernels.pack_parameters(weights), weights.embedding_q8,
            np.zeros(1, np.int32), np.array([0, 1]),
        )  # fmt: skip


def test_a_missing_native_module_is_an_error_that_says_how_to_build_it():
    program = (
        "import sys; sys.modules['dixtill._native'] = None\n"
        "from dixtill.errors import DixtillError\n"
        "try:\n    import dixtill.specification.kernels\n"
        "except ImportError as error:\n"
        "    assert isinstance(error, DixtillError); print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "build it with 'pip install .'" in run.stdout
    assert issubclass(KernelError, DixtillError)
