"""Refuses NaN and infinity where they arise, before anything is trained or stored with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import InputError, shortened
from .config import Precision

if TYPE_CHECKING:  # `dixtill evaluate` needs no torch, whose import takes a second
    from torch import Tensor
_ADVICE = "the training may have diverged: train again with a lower learning rate"


class Diverged(InputError):
    """A number of a model is not finite."""


def check_parameters(parameters: Mapping[str, Tensor], whose: str) -> None:
    """Raise Diverged if a tensor holds NaN or infinity; `whose` is named in the error."""
    for name, tensor in parameters.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise Diverged(f"the parameters '{name}' of {whose} are not all finite; {_ADVICE}")


def check_answers(logits: Tensor, texts: Sequence[str], whose: str) -> None:
    """Raise Diverged if the logits [texts, classes] hold NaN or infinity."""
    is_finite = logits.isfinite().all(dim=1)
    if not bool(is_finite.all()):
        row = int((~is_finite).nonzero()[0])
        raise Diverged(
            f"the logits of {whose} for '{shortened(texts[row])}' are not finite "
            f"({', '.join(map(str, logits[row].tolist()))}); {_ADVICE}, or choose the precision "
            "float32"
        )


def check_probabilities(probabilities: npt.NDArray[np.floating]) -> None:
    """Raise Diverged if probabilities [texts, classes] hold NaN or infinity."""
    is_finite = np.isfinite(probabilities).all(axis=1)
    if not is_finite.all():
        raise Diverged(
            f"the probabilities of text {int((~is_finite).argmax()) + 1} of {len(is_finite)} are "
            f"not finite; {_ADVICE}"
        )


def diverged(loss: str, learning_rate: float, precision: Precision = "float32") -> Diverged:
    """Return the error to raise when the loss named `loss` is not finite."""
    more = "" if precision == "float32" else ", or the precision float32"
    return Diverged(
        f"the training diverged: {loss} is not finite; choose a lower learning rate than "
        f"{learning_rate:g}{more}"
    )
