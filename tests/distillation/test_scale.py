"""Numbers to learn are standardized, and refused where float32 cannot hold them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from dixtill.distillation.data.scale import Scale
from dixtill.errors import InputError


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (
            [1e38, -1e38],
            r"of the magnitude 1e\+38, expected at most 1e\+30, as answers are float32",
        ),
        ([1e200, -1e200], r"of the magnitude 1e\+200, .*; give the numbers in a larger unit"),
        ([1.7e308, -1.7e308], r"of the magnitude 1.7e\+308"),
        ([1e9 - 1, 1e9 + 1], r"mean 1e\+09 and the standard deviation 1, which is too small"),
        ([1e-100, -1e-100], "deviation 1e-100, .* or give them in a smaller unit"),
        ([5.0, 5.0], "labeled with the number 5, so that nothing can be learned"),
    ],
)
def test_numbers_that_float32_cannot_tell_apart_are_refused(numbers, message, has_bias):
    with pytest.raises(InputError, match=message):
        Scale.of(np.array(numbers)[:, None], has_bias)


@pytest.mark.parametrize("numbers", [[1e29, -1e29], [1e9, 1e9 + 4e3], [1e-20, 3e-20], [0.0, 1.0]])
def test_other_numbers_are_standardized_as_scikit_learn_does(numbers):
    given = np.array(numbers)[:, None]
    scale, expected = Scale.of(given), StandardScaler().fit(given)
    assert scale.mean == pytest.approx(expected.mean_[0], rel=1e-12)
    # Scikit-learn takes a variance of nearly 0 for 0.
    assert scale.unit == pytest.approx(np.ptp(given) / 2, rel=1e-6)
    np.testing.assert_allclose(scale.original(scale.standardized(given)), given, rtol=1e-12)
