"""dixtill as a scikit-learn classifier or regressor of texts; needs the extra `train`."""

from ..extras import require

require("train")

from .estimator import DixtillClassifier
from .regressor import DixtillRegressor

__all__ = ["DixtillClassifier", "DixtillRegressor"]
