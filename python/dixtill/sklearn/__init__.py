"""dixtill as a scikit-learn classifier of texts; needs the extra `train`."""

from .. import distillation as distillation  # first: it says which extra is missing
from .estimator import DixtillClassifier

__all__ = ["DixtillClassifier"]
