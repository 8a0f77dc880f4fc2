"""Runs a test that takes `target` on each target that this CPU supports."""

import pytest

from dixtill.runtime import targets


@pytest.fixture(params=targets.supported_targets())
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)
