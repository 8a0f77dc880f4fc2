"""The arguments that send a command's work to a Ray cluster."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import limits
from .number_argument import add_number

if TYPE_CHECKING:
    from ..bulk.cluster import Pool


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--ray` and `--actors`."""
    group = parser.add_argument_group("where to work")
    group.add_argument(
        "--ray",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="share the work on a Ray cluster; without ADDRESS, start one on this machine",
    )
    add_number(
        group,
        "--actors",
        limits.COUNT,
        metavar="N",
        help="number of worker processes with --ray (default: one per GPU if GPUs are used, else "
        "one per CPU)",
    )


@contextmanager
def pool_on_cluster(args: argparse.Namespace, gpu: bool) -> Iterator[Pool]:
    """Connect to the cluster that `--ray` names, and give a pool that fits it."""
    from ..bulk.cluster import cluster, pool_of

    with cluster(args.ray):
        yield pool_of(args.actors, getattr(args, "threads", None) or None, gpu)
