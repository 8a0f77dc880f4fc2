"""Measure errors, memory and latency of the documentation's web service under many clients.

    python tools/soak_service.py                           # 32 clients for five minutes
    python tools/soak_service.py --clients 8 --seconds 10

Starts docs/how-to/web-service.md's service.py with uvicorn, in one process on the loopback device,
and ends it. Each client keeps a connection and asks without a pause: lists of texts, short, long,
empty and hostile, and now and then a request that has to be refused. Memory is the service's
resident set. Needs Linux, fastapi and uvicorn.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "web-service.md"
_TEXTS = (
    *("Apple shares jump after record earnings", "Profit falls", "", "a", "up 3% " * 400),
    *("Caf\u00e9 chain\u2019s profit &amp; https://x.co/a", "\u4e2d\u6587 \U0001f680", "\0\ud800"),
    "<a href='https://x.co'>" * 200,
)
_START_SECONDS = 30


@dataclass
class Load:
    """What one client measured."""

    latencies: list[float] = field(default_factory=list)  # seconds
    num_texts: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """What a run measured."""

    loads: list[Load]
    seconds: float
    memory: list[tuple[float, float]]  # (seconds since the start, MiB)

    @property
    def latencies(self) -> list[float]:
        """The seconds of every request, sorted."""
        return sorted(value for load in self.loads for value in load.latencies)

    @property
    def errors(self) -> list[str]:
        """The errors of all clients."""
        return [error for load in self.loads for error in load.errors]

    def memory_after(self, seconds: float) -> float:
        """Return the MiB of the first measurement at or after a time, else of the last one."""
        return next((mib for at, mib in self.memory if at >= seconds), self.memory[-1][1])

    def __str__(self) -> str:
        latencies, count = self.latencies, len(self.latencies)
        texts = sum(load.num_texts for load in self.loads)
        at = [f"p{p:g} {1000 * latencies[int(count * p / 100)]:.1f}" for p in (50, 90, 99, 99.9)]
        minute = min(60.0, self.seconds / 5)
        return (
            f"{len(self.loads)} clients, {self.seconds:.0f} s: {count} requests, {texts} texts, "
            f"{len(self.errors)} errors\n"
            f"requests a second: {count / self.seconds:.0f}\n"
            f"latency in ms: {', '.join(at)}, largest {1000 * latencies[-1]:.1f}\n"
            f"memory in MiB: {self.memory_after(0):.1f} at the start, "
            f"{self.memory_after(minute):.1f} after {minute:.0f} s, "
            f"{self.memory[-1][1]:.1f} at the end"
        )


class Service:
    """Run the page's service in another process for the duration of the context."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        code = re.search(
            r'```python title="service.py"\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL
        )
        assert code, f"{PAGE} has no service.py"
        Path(self._folder.name, "service.py").write_text(code[1], encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def __enter__(self) -> Service:
        command = [sys.executable, "-m", "uvicorn", "service:app", "--log-level", "warning"]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(command, cwd=self._folder.name)
        end = time.monotonic() + _START_SECONDS
        while not self._listens():
            if time.monotonic() > end or self._process.poll() is not None:
                self._stop()
                raise RuntimeError(f"the service does not listen; it ended with {self._process}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        self._folder.cleanup()

    def memory(self) -> float:
        """Return the resident set size in MiB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def ask(port: int, seed: int, until: float, load: Load) -> None:
    """Send requests as one client until a deadline, and record the answers."""
    rng = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < until:
        texts = rng.choices(_TEXTS, k=rng.choice((1, 1, 1, 5, 40)))
        is_good = rng.random() < 0.98
        body = json.dumps({"texts": texts if is_good else 1001 * ["up"]})
        start = time.perf_counter()
        try:
            connection.request("POST", "/answers", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            load.errors.append(repr(error))
            connection.close()
            continue
        load.latencies.append(time.perf_counter() - start)
        load.num_texts += len(texts) if is_good else 0
        if response.status != (200 if is_good else 422):
            load.errors.append(f"status {response.status}: {content}")
        elif is_good and len(content) != len(texts):
            load.errors.append(f"{len(content)} answers to {len(texts)} texts")
    connection.close()


def soak(num_clients: int, seconds: float) -> Report:
    """Run the service under a number of clients for a number of seconds."""
    loads = [Load() for _ in range(num_clients)]
    with Service() as service:
        ask(service.port, 0, time.monotonic() + min(2.0, seconds / 5), Load())  # to warm up
        start = time.monotonic()
        clients = [
            threading.Thread(target=ask, args=(service.port, seed, start + seconds, load))
            for seed, load in enumerate(loads, 1)
        ]
        memory = [(0.0, service.memory())]
        for client in clients:
            client.start()
        while any(client.is_alive() for client in clients):
            time.sleep(0.2)
            memory.append((time.monotonic() - start, service.memory()))
        for client in clients:
            client.join()
        return Report(loads, time.monotonic() - start, memory)


def main() -> int:
    """Print the report; return 1 if there was an error."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    report = soak(options.clients, options.seconds)
    print(report)
    for error in report.errors[:5]:
        print(error, file=sys.stderr)
    return 1 if report.errors else 0


if __name__ == "__main__":
    sys.exit(main())
