"""Runs a test that takes `target` on each target that this CPU supports."""

import pytest

from dixtill.runtime import kernels


@pytest.fixture(params=kernels.supported_targets())
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)
