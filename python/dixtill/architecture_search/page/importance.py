"""Estimates how much each setting mattered, by Optuna's PED-ANOVA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import create_trial

from ..space import Choices

_BEST = 1 / 3  # of the students, which take the whole course
FEWEST = 15  # students; five of them are the best third, with fewer PED-ANOVA says little


def importances(
    distributions: Mapping[str, BaseDistribution], found: Sequence[tuple[Choices, float]]
) -> dict[str, float]:
    """Return how much each setting sets the best third apart; the sum is 1.

    Args:
        distributions: the space.
        found: the choices of each student, and a number that was to be made small.

    Returns:
        The settings by falling importance; empty if there are fewer than 15 students, or all are
        equally good.
    """
    losses = [loss for _, loss in found]
    if len(found) < FEWEST or min(losses) == max(losses):
        return {}
    study = optuna.create_study(direction="minimize")
    for choices, loss in found:
        study.add_trial(
            create_trial(params=dict(choices), distributions=dict(distributions), value=loss)
        )
    found_by = PedAnovaImportanceEvaluator(target_quantile=_BEST)
    return get_param_importances(study, evaluator=found_by)
