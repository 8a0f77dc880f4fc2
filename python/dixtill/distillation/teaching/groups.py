"""Averages the weights of texts by kind and by the teacher's confidence, for an epoch's metrics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..data.kind import Kind

_Floats = npt.NDArray[np.floating]

_CONFIDENCES = ("low confidence", "middle confidence", "high confidence")


class GroupMeans:
    """The mean weight in each group of texts since the last `take`."""

    def __init__(self, kinds: npt.NDArray[np.int64], confidences: _Floats) -> None:
        """Group the texts by `kinds` [texts] and by terciles of `confidences` [texts]."""
        ranks = np.empty(len(kinds), np.int64)
        ranks[np.argsort(confidences, kind="stable")] = np.arange(len(kinds))
        self._groups = kinds, len(Kind) + ranks * len(_CONFIDENCES) // len(kinds)
        self._names = [*(kind.name.lower() for kind in Kind), *_CONFIDENCES]
        self._clear()

    def add(self, rows: npt.NDArray[np.int64], weights: _Floats) -> None:
        """Count the texts `rows` [batch] with their `weights` [batch]."""
        for groups in self._groups:
            self._sums += np.bincount(groups[rows], weights, minlength=len(self._names))
            self._counts += np.bincount(groups[rows], minlength=len(self._names))

    def take(self) -> dict[str, float]:
        """Return the mean of each group that had texts, and start anew."""
        means = {
            name: float(total / count)
            for name, total, count in zip(self._names, self._sums, self._counts, strict=True)
            if count
        }
        self._clear()
        return means

    def _clear(self) -> None:
        self._sums = np.zeros(len(self._names))
        self._counts = np.zeros(len(self._names), np.int64)
