"""Stores rows of different lengths in one array.

A million texts then take only the bytes of their numbers; as lists they would take gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Ragged:
    """Rows that stand one after the other in `values`; each row is [length, ...]."""

    values: npt.NDArray[Any]  # [sum of lengths, ...]
    starts: npt.NDArray[np.int64]  # [rows + 1]; a row ends where the next one starts

    @classmethod
    def of(cls, rows: Sequence[npt.ArrayLike], like: npt.NDArray[Any]) -> Ragged:
        """Store `rows`, with the type and the last dimensions of the array `like`."""
        arrays = [np.asarray(row, like.dtype).reshape(-1, *like.shape[1:]) for row in rows]
        starts = np.zeros(len(arrays) + 1, dtype=np.int64)
        np.cumsum([len(array) for array in arrays], out=starts[1:])
        return cls(np.concatenate([like[:0], *arrays]), starts)

    @classmethod
    def joined(cls, parts: Sequence[Ragged]) -> Ragged:
        """Return the rows of all `parts`, in their order."""
        lengths = np.concatenate([part.lengths for part in parts])
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        return cls(np.concatenate([part.values for part in parts]), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> npt.NDArray[Any]:
        start, end = self.starts[row : row + 2] if row >= 0 else self.starts[len(self) + row :][:2]
        return self.values[start:end]

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return (self[row] for row in range(len(self)))

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The length of each row."""
        return np.diff(self.starts)

    def padded(
        self, rows: npt.NDArray[np.int64], fill: float, width: int | None = None
    ) -> npt.NDArray[Any]:
        """Return the `rows`, padded on the right, as [rows, width, ...].

        If `width` is None, it is that of the longest row.
        """
        starts, lengths = self.starts[:-1][rows], self.lengths[rows]
        if width is None:
            width = int(lengths.max(initial=0))
        places = np.arange(width)
        is_real = places < lengths[:, None]
        result = np.full((len(rows), width, *self.values.shape[1:]), fill, self.values.dtype)
        result[is_real] = self.values[(starts[:, None] + places)[is_real]]
        return result
