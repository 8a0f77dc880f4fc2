"""The arguments by which commands are sent to a Ray cluster, and what they stand for."""

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
    """`--ray` and `--actors`."""
    group = parser.add_argument_group("where to work")
    group.add_argument(
        "--ray",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="share the work on a Ray cluster; without ADDRESS, on one of this machine alone",
    )
    add_number(
        group,
        "--actors",
        limits.COUNT,
        metavar="N",
        help="processes of --ray that work (default: one a GPU, where GPUs are of use, or a CPU)",
    )


@contextmanager
def pool_on_cluster(args: argparse.Namespace, gpu: bool) -> Iterator[Pool]:
    """Inside the context, the cluster that `--ray` names is there, and the pool fits it."""
    from ..bulk.cluster import cluster, pool_of

    with cluster(args.ray):
        yield pool_of(args.actors, getattr(args, "threads", None) or None, gpu)
