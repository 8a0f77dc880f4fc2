"""Real data, a real teacher and Ray, where they are: a test that needs them skips without them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

# What is printed is compared without colour, also where pytest itself runs on a terminal.
os.environ["NO_COLOR"] = "1"
os.environ.pop("FORCE_COLOR", None)

SHARED = Path(os.environ.get("DIXTILL_SHARED", Path(__file__).parents[2] / "shared"))


def _existing(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"needs {path.name} in {SHARED} (set DIXTILL_SHARED to where it is)")
    return path


@pytest.fixture(scope="session")
def tfns() -> Path:
    """Folder of Twitter Financial News Sentiment: train.csv and valid.csv."""
    return _existing(SHARED / "data" / "tfns")


@pytest.fixture(scope="session")
def teacher_tfns() -> Path:
    """Folder of a fine-tuned teacher for it."""
    return _existing(SHARED / "teacher-tfns")


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """A cluster of two CPUs, to which this process is connected, for all tests of the run."""
    pytest.importorskip("ray", reason="needs Ray: pip install 'dixtill[ray]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dixtill.bulk import cluster

        cluster.ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield cluster.ray.get_runtime_context().gcs_address
    cluster.ray.shutdown()
