"""dixtill as a scikit-learn classifier of texts; needs the extra `train`."""

from .. import training as training  # first, for it says what to install
from .estimator import DixtillClassifier

__all__ = ["DixtillClassifier"]
