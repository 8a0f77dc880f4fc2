"""Settings of property tests that run once for each target."""

from __future__ import annotations

from examples import examples
from hypothesis import HealthCheck, settings

per_target = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the target's name
    max_examples=examples(60),
)
