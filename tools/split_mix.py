"""Draws the random numbers of the golden vectors.

NumPy does not promise that its own generators give the same numbers in each version.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class SplitMix64:
    """The SplitMix64 generator (Steele, Lea and Flood, 2014)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def integers(self, count: int) -> npt.NDArray[np.uint64]:
        """Draw `count` integers of 64 bits."""
        steps = np.arange(1, count + 1, dtype=np.uint64)
        z = np.uint64(self._state) + steps * np.uint64(0x9E3779B97F4A7C15)
        self._state = (self._state + count * 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        result: npt.NDArray[np.uint64] = z ^ (z >> np.uint64(31))
        return result

    def below(self, limit: int, *shape: int) -> npt.NDArray[np.int64]:
        """Draw integers from 0 to limit - 1."""
        drawn = self.integers(int(np.prod(shape))) % np.uint64(limit)
        result: npt.NDArray[np.int64] = drawn.astype(np.int64).reshape(shape)
        return result

    def uniform(self, low: float, high: float, *shape: int) -> FloatArray:
        """Draw numbers from low to high, with 24 random bits."""
        drawn = self.integers(int(np.prod(shape))) >> np.uint64(40)
        numbers = low + drawn.astype(np.float64) * ((high - low) / 2**24)
        result: FloatArray = numbers.astype(np.float32).reshape(shape)
        return result
