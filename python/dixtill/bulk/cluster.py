"""Connect to a Ray cluster and run a pool of actors on it, whatever their work is.

If an actor dies, Ray gives its row to another: a row may be worked on twice, but its result
arrives once. A cluster that was already running is left as it was.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..errors import DixtillError, InputError
from ..extras import require

# Ray reads these when it is imported or starts a process. The user's own values are kept.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no report over the network
    "RAY_worker_niceness": "0",  # actors run at the command's own priority
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # Ray's future default; silences its warning
}
for _name, _value in _ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)

require("ray")

import ray
import ray.data

LOCAL = "local"  # the address that starts a new cluster on this machine

_SETTINGS = {
    "enable_progress_bars": False,
    "print_on_execution_start": False,
    "raise_original_map_exception": True,
    "target_max_block_size": 1,  # one row per block, so that each row can go to any actor
}


class Pool(NamedTuple):
    """A number of identical actors and the resources of each."""

    num_actors: int
    threads: int  # per actor, each on its own CPU
    gpus: int = 0  # per actor, 0 or 1


@contextmanager
def cluster(address: str) -> Iterator[None]:
    """Connect this process to the cluster at `address` for the duration of the context.

    `LOCAL` starts a cluster, which is shut down at the end. A process that is already connected
    keeps its connection.

    Raises:
        InputError: no cluster answers at `address`.
    """
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    if ray.is_initialized():
        yield
        return
    own = {"include_dashboard": False} if address == LOCAL else {}
    try:
        _knock(address)
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **own)
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        raise InputError(
            f"no Ray cluster answers at '{address}': {error}; start one with `ray start --head`, "
            "or give no address to start one on this machine"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise an OSError if nothing listens at `address`; Ray itself takes minutes to notice."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()


def pool_of(num_actors: int | None = None, threads: int | None = None, gpu: bool = False) -> Pool:
    """Return a pool that fits the cluster.

    By default there is one actor for each GPU, if `gpu` is set and the cluster has any, else for
    each CPU, and the actors share all CPUs evenly as threads.

    Raises:
        InputError: the cluster has no room for `num_actors` actors of `threads` threads.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus_and_gpus = [(int(node.get("CPU", 0)), int(node.get("GPU", 0))) for node in nodes]
    gpu = gpu and any(gpus for _, gpus in cpus_and_gpus)

    def room(threads: int) -> int:
        return sum(min(cpus // threads, gpus if gpu else cpus) for cpus, gpus in cpus_and_gpus)

    most = room(threads or 1)
    num_actors = most if num_actors is None else num_actors
    if not 1 <= num_actors <= most:
        raise InputError(
            f"the cluster has room for {most} actors of {threads or 1} threads, not for "
            f"{num_actors}; ask for at least 1 and at most {most}"
        )
    if threads is None:
        most_cpus = max(cpus for cpus, _ in cpus_and_gpus)
        threads = max(n for n in range(1, most_cpus + 1) if room(n) >= num_actors)
    return Pool(num_actors, threads, int(gpu))


def work(
    dataset: ray.data.Dataset, worker: type, pool: Pool, **arguments: object
) -> Iterator[dict[str, Any]]:
    """Run actors of class `worker` on the rows of `dataset`; yield result rows as they arrive.

    Each actor is `worker(**arguments)`. It is called with tables of one row and returns tables.

    Raises:
        DixtillError: a worker or a reader raised it.
    """
    made = dataset.map_batches(
        worker,
        batch_size=1,
        batch_format="pyarrow",
        # A row queued at one actor could not move to an idle or newly started one.
        compute=ray.data.ActorPoolStrategy(size=pool.num_actors, max_tasks_in_flight_per_actor=1),
        fn_constructor_kwargs=arguments,
        num_cpus=pool.threads,
        num_gpus=pool.gpus or None,
    )
    try:
        yield from made.iter_rows()
    except ray.exceptions.RayTaskError as error:
        if not isinstance(error.cause, DixtillError):
            raise
        # Ray appends lines about its retries to the message.
        raise type(error.cause)(str(error.cause).partition("\nFailed to ")[0]) from None


@contextmanager
def settings() -> Iterator[None]:
    """Set the options of Ray Data that `work` needs, and restore them at the end."""
    context = ray.data.DataContext.get_current()
    before = {name: getattr(context, name) for name in _SETTINGS}
    try:
        for name, value in _SETTINGS.items():
            setattr(context, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(context, name, value)
