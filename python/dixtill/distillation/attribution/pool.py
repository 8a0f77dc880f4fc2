"""Computes attributions in a pool of actors on a Ray cluster, each with a copy of the attributor.

The actors get texts and return attributions a shard at a time; only the process that started the
run reads and writes files (store.py).
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence

import pyarrow as pa
import ray
import ray.data
import torch

from ...bulk.cluster import Pool, settings, work
from .attributor import Attribution, Attributor
from .store import Explain


def explain_with(pool: Pool, attributor: Attributor) -> Explain:
    """Return a function that explains with copies of `attributor`, whose teacher is on the CPU."""

    def explain(shards: Sequence[Sequence[str]]) -> Iterator[tuple[int, list[Attribution]]]:
        if not shards:
            return
        # Pickled, because Arrow rejects lone surrogates.
        rows = [{"number": n, "texts": pickle.dumps(texts)} for n, texts in enumerate(shards)]
        with settings():
            dataset = ray.data.from_items(rows, override_num_blocks=len(rows))
            copy = ray.put(attributor)
            for row in work(dataset, _Actor, pool, attributor=copy, actors=pool):
                yield row["number"], pickle.loads(row["attributions"])

    return explain


class _Actor:
    """An attributor in a process of its own."""

    def __init__(self, attributor: ray.ObjectRef, actors: Pool) -> None:
        torch.set_num_threads(actors.threads)
        self._attributor: Attributor = ray.get(attributor)
        if actors.gpus:
            self._attributor.teacher.model.to("cuda")

    def __call__(self, rows: pa.Table) -> pa.Table:
        (row,) = rows.to_pylist()
        attributions = self._attributor(pickle.loads(row["texts"]))
        return pa.table({"number": [row["number"]], "attributions": [pickle.dumps(attributions)]})
