"""Fixtures for real data, a teacher, Ray and a browser; tests skip if theirs is missing."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

# A background job of a shell ignores Ctrl-C, and so would the processes that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

gc.disable()  # until all modules are imported, which leave little garbage

# Output is compared without color, even if pytest runs on a terminal.
os.environ["NO_COLOR"] = "1"
os.environ.pop("FORCE_COLOR", None)
if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has a CPU of its own
    os.environ.setdefault("OMP_NUM_THREADS", "1")

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SHARED = Path(os.environ.get("DIXTILL_SHARED", Path(__file__).parents[2] / "shared"))


def _existing(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"needs {path.name} in {SHARED} (set DIXTILL_SHARED to where it is)")
    return path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the pages first: the longest of them at the end would keep one worker alone at work."""
    items.sort(key=lambda item: item.path.name != "test_pages.py")


def pytest_collection_finish() -> None:
    """Keep the objects of imported packages, 700,000, out of every later search for garbage."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def tfns() -> Path:
    """The folder of Twitter Financial News Sentiment: train.csv and valid.csv."""
    return _existing(SHARED / "data" / "tfns")


@pytest.fixture(scope="session")
def goemotions() -> Path:
    """The folder of comments with 28 emotions: train.csv and valid.csv."""
    return _existing(SHARED / "data" / "goemotions")


@pytest.fixture(scope="session")
def imdb() -> Path:
    """The folder of reviews of films with their stars: train.csv and test.csv."""
    return _existing(SHARED / "data" / "imdb")


@pytest.fixture(scope="session")
def teacher_tfns() -> Path:
    """The folder of a teacher fine-tuned on these data."""
    return _existing(SHARED / "teacher-tfns")


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """A cluster of two CPUs that this process is connected to, shared by all tests."""
    pytest.importorskip("ray", reason="needs Ray: pip install 'dixtill[ray]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dixtill.bulk import cluster

        cluster.ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield cluster.ray.get_runtime_context().gcs_address
    cluster.ray.shutdown()


@pytest.fixture(scope="session")
def command_server() -> Iterator[str]:
    """The socket of a process that forks commands: see forked_commands.py."""
    from forked_commands import serving

    with serving() as path:
        yield path


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Headless Chromium; DIXTILL_CHROMIUM names another one."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="drives a browser: pip install 'dixtill[test]'"
    )
    found = os.environ.get("DIXTILL_CHROMIUM") or next(
        filter(None, map(shutil.which, _BROWSERS)), None
    )
    if found is None:
        pytest.skip("needs Chromium: apt-get install chromium, or set DIXTILL_CHROMIUM")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium has no sandbox for root
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, chromium_sandbox=not is_root)
        yield browser
        browser.close()
