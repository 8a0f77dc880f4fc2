"""Says how far a number may be from the answer: a split-conformal interval.

Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, "Distribution-free predictive inference for
regression", 2018.
"""

from __future__ import annotations

import math

import numpy as np

from .calibration_error import FloatArray

COVERED = 0.9  # share of the numbers of other texts that lie in the interval


def conformal_half_width(targets: FloatArray, numbers: FloatArray) -> float | None:
    """Return the distance d, such that 90% of the numbers are in [answer - d, answer + d].

    With n texts it is the ceil(0.9 (n + 1))-th smallest error; None if there are too few.

    Args:
        targets: [N, 1], what the texts are labeled with; not the texts that were learned.
        numbers: [N, 1], the answers.
    """
    errors = np.sort(np.abs(targets - numbers).ravel().astype(np.float64))
    rank = math.ceil(COVERED * (len(errors) + 1))
    return float(errors[rank - 1]) if rank <= len(errors) else None
