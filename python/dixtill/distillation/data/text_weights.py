"""Says how much each training text counts in the losses of labels and of a teacher's answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..config import ClassWeight
from .corpus import Corpus


def text_weights(train: Corpus, class_weight: ClassWeight) -> npt.NDArray[np.float32] | None:
    """Return the weights [texts] of the training texts, with the mean 1; None if all are equal.

    Balanced, texts of each class count as much in all, as in scikit-learn. A text with several
    labels counts as those whose rarest label is the same. A corpus's own weights multiply these.

    Raises:
        InputError: numbers are to be balanced.
    """
    if train.output == "number" and class_weight == "balanced":
        raise InputError(
            "class_weight is 'balanced', but numbers have no classes; leave it out, or give each "
            "text a weight (--weight-column)"
        )
    weights = np.ones(len(train))
    if class_weight == "balanced":
        _, group, counts = np.unique(train.groups, return_inverse=True, return_counts=True)
        weights /= counts[group]
    if train.weights is not None:
        weights *= np.asarray(train.weights)
    if np.ptp(weights) == 0:
        return None
    found: npt.NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return found
