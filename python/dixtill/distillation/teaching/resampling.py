"""Draws the texts of an epoch, so that those on which student and teacher differ come more often.

In the spirit of Minimax-kNN (Kamalloo et al. 2021) and Glitter (Kamalloo et al. 2022), which choose
the augmented texts with the largest loss; here every text keeps a share, and nothing is left out
for good.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]

_DIFFERENT = 0.5  # share of an epoch that follows the divergences; the rest is the same for all
_LARGEST = 8.0  # times the mean; a text whose answer is wrong must not fill the epochs


def shares_by_divergence(divergences: npt.NDArray[np.floating]) -> _Floats:
    """Return each text's share p_i = (1 - mu) / n + mu d_i / sum d, with mu = 0.5.

    Args:
        divergences: [texts], d_i, not negative. Larger ones than 8 times their mean are reduced to
            that; if all are zero, the shares are equal.

    Returns:
        [texts], with the sum 1.
    """
    count = len(divergences)
    wide = divergences.astype(np.float64)
    clipped = np.minimum(wide, _LARGEST * wide.mean())
    total = clipped.sum()
    if total <= 0:
        return np.full(count, 1 / count)
    shares: _Floats = (1 - _DIFFERENT) / count + _DIFFERENT * clipped / total
    return shares


def systematic_sample(
    shares: _Floats, count: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Draw `count` rows, in ascending order; row i comes `shares[i] * count` times in the mean.

    Systematic resampling: one random number for all, so that the number of times differs from the
    mean by less than 1 (Kitagawa 1996, "Monte Carlo filter and smoother").
    """
    ends = np.cumsum(shares)
    places = (rng.random() + np.arange(count)) / count * ends[-1]
    # Rounding may put the last place at the end itself.
    rows: npt.NDArray[np.int64] = np.searchsorted(ends, places, side="right")
    return np.minimum(rows, len(shares) - 1)
