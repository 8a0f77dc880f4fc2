"""Defines a scikit-learn regressor of texts whose `fit` distills a student."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.validation import check_consistent_length

from ..distillation.data.corpus import Corpus
from ..errors import InputError
from .base import DixtillEstimator
from .classes import checked_texts

_NAME = "value"  # of the number, unless a teacher names it


class DixtillRegressor(RegressorMixin, DixtillEstimator):  # type: ignore[misc]  # untyped base
    """Distills a student that gives texts a number; `DixtillEstimator` describes the arguments.

    >>> texts = ["good", "very good", "bad", "very bad"] * 4
    >>> regressor = DixtillRegressor(epochs=5).fit(texts, [4.0, 5.0, 2.0, 1.0] * 4)
    >>> regressor.predict(["good"]).shape
    (1,)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> DixtillRegressor:
        """Distill a student from the texts `X` and their numbers `y`.

        Texts count as `sample_weight` says, one number for each; None is the same for all.

        Raises:
            InputError: a text is not a str, y is None or its numbers are all equal, or a setting is
                out of range.
            ValueError: a number is missing or not finite.
        """
        if y is None:
            raise InputError("fit requires y to be passed, but the target y is None")
        numbers = column_or_1d(y, warn=True)
        assert_all_finite(numbers, input_name="y")
        try:
            values = tuple(map(float, numbers.tolist()))
        except (TypeError, ValueError) as error:
            raise InputError(f"y holds values that are not numbers: {error}") from None
        texts = checked_texts(X)
        check_consistent_length(texts, values)
        if len(texts) < 2:
            raise InputError(f"n_samples={len(texts)}, expected at least two texts")
        teacher = self._loaded_teacher("number")
        corpus = Corpus(tuple(texts), values, (_NAME,), "number")
        self._fit(teacher, corpus, sample_weight)
        return self

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the number of each text [texts]."""
        return np.array([answer.value for answer in self.explain(X)], np.float64)
