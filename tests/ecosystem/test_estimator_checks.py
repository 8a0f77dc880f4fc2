"""Runs scikit-learn's own checks of an estimator.

The checks pass numbers, which a classifier of texts cannot read. So each row of numbers becomes a
text with one word per number; everything else that is checked is DixtillClassifier itself.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from dixtill.sklearn import DixtillClassifier, DixtillRegressor

pytestmark = pytest.mark.slow


class ReadsNumbers:
    """Reads numbers as words: `x0up2` is a first number between 1 and 1.5."""

    def fit(self, X, y, sample_weight=None):
        if y is None:
            return super().fit(X, y)
        X, y = validate_data(self, X, y, multi_output=True)
        return super().fit(_as_texts(X), y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = False
        tags.input_tags.string = False
        return tags


class OfNumbers(ReadsNumbers, DixtillClassifier):
    def predict_proba(self, X):
        check_is_fitted(self)
        return super().predict_proba(_as_texts(validate_data(self, X, reset=False)))


class RegressorOfNumbers(ReadsNumbers, DixtillRegressor):
    def predict(self, X):
        check_is_fitted(self)
        return super().predict(_as_texts(validate_data(self, X, reset=False)))


def _as_texts(rows: np.ndarray) -> list[str]:
    steps = np.floor(2 * np.asarray(rows, dtype=float)).clip(-20, 20).astype(int)
    return [
        " ".join(
            f"x{column}{'up' if step >= 0 else 'down'}{abs(step)}"
            for column, step in enumerate(row.tolist())
        )
        for row in steps
    ]


REPEATED = (
    "a training draws its batches at random, so that a text of the weight 2 is not the same as two "
    "texts"
)
CANNOT_APPLY: dict[str, str] = {
    "check_sample_weight_equivalence_on_dense_data": REPEATED,
}
SIZES = {"embedding_dim": 16, "hidden_dim": 16, "attention_dim": 16}


@parametrize_with_checks(
    [OfNumbers(**SIZES), RegressorOfNumbers(**SIZES)],
    expected_failed_checks=lambda _: CANNOT_APPLY,
    xfail_strict=True,
)
def test_scikit_learns_check(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:Can't test estimator:sklearn.exceptions.SkipTestWarning")
def test_the_checks_that_scikit_learn_has_for_texts():
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(DixtillClassifier()) + check_estimator(DixtillRegressor())
    assert [result["status"] for result in results] == ["passed"] * 2
