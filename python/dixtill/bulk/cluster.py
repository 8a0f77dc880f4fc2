"""A Ray cluster and a pool of actors on it: who works, never on what.

Ray gives a row to another actor when one dies, so a row may be worked on twice, but what is made
of it arrives once. A cluster that was there before is used and left as it was.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..errors import DixtillError, InputError, MissingExtraError

# Read when Ray is imported or starts a process. What the user has set stays.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no report over the network
    "RAY_worker_niceness": "0",  # an actor has the priority of the command, not a lower one
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # as Ray will have it, and no warning about it
}
for _name, _value in _ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)

try:
    import ray
    import ray.data
except ImportError as error:
    raise MissingExtraError(
        "this needs ray, not installed here; install the extra with: pip install 'dixtill[ray]'"
    ) from error

LOCAL = "local"  # the address of a cluster that is to be started on this machine

_SETTINGS = {
    "enable_progress_bars": False,
    "print_on_execution_start": False,
    "raise_original_map_exception": True,
    "target_max_block_size": 1,  # a block for each row, so that each can go to another actor
}


class Pool(NamedTuple):
    """Actors that are all alike."""

    num_actors: int
    threads: int  # of each, on as many CPUs
    gpus: int = 0  # of each, 0 or 1


@contextmanager
def cluster(address: str) -> Iterator[None]:
    """Inside the context, this process is connected to the cluster at `address`.

    `LOCAL` starts one, which ends with the context. A program that is connected already stays so.

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
            "or name no address for one on this machine alone"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise an OSError where nobody answers, which takes Ray minutes to notice."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()


def pool_of(num_actors: int | None = None, threads: int | None = None, gpu: bool = False) -> Pool:
    """A pool that fits the cluster: by default one actor a CPU, or a GPU if `gpu` and it has any.

    The fewer actors, the more threads has each by default.

    Raises:
        InputError: the cluster has no room for `num_actors` of `threads`.
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
            f"{num_actors}; ask for at least one, and for no more than there is room for"
        )
    if threads is None:
        most_cpus = max(cpus for cpus, _ in cpus_and_gpus)
        threads = max(n for n in range(1, most_cpus + 1) if room(n) >= num_actors)
    return Pool(num_actors, threads, int(gpu))


def work(
    dataset: ray.data.Dataset, worker: type, pool: Pool, **arguments: object
) -> Iterator[dict[str, Any]]:
    """The rows that actors of class `worker` make of `dataset`, as they get ready.

    `worker(**arguments)` is called with a table of one row, and returns a table.

    Raises:
        DixtillError: the one that a worker or a reader raised.
    """
    made = dataset.map_batches(
        worker,
        batch_size=1,
        batch_format="pyarrow",
        # A row that waits at one actor is out of reach of another that is idle or still starts.
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
        # Ray adds lines about its retries to the sentence.
        raise type(error.cause)(str(error.cause).partition("\nFailed to ")[0]) from None


@contextmanager
def settings() -> Iterator[None]:
    """Inside the context, datasets are made as `work` needs them."""
    context = ray.data.DataContext.get_current()
    before = {name: getattr(context, name) for name in _SETTINGS}
    try:
        for name, value in _SETTINGS.items():
            setattr(context, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(context, name, value)
