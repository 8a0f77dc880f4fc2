"""dixtill as a scikit-learn classifier of texts; needs the extra `train`."""

from ..extras import require

require("train")

from .estimator import DixtillClassifier

__all__ = ["DixtillClassifier"]
