"""Settings in Python have the same limits as the command-line options for them."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields

import numpy as np
import pytest

from dixtill import cli, limits
from dixtill.commands.number_argument import Number
from dixtill.distillation import config, finetune_config
from dixtill.distillation.attribution.quadrature import FIRST_STEPS
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.measures.abstention import abstention_at, choose_threshold
from dixtill.errors import InputError

SETTINGS = {
    "distill": config.DistillConfig,
    "finetune": finetune_config.FinetuneConfig,
    "attribute": config.AttributionSettings,
}


@pytest.mark.parametrize("command", SETTINGS)
def test_each_number_has_limits_and_an_option_has_the_same(command):
    settings = SETTINGS[command]
    limits_of = settings.LIMITS
    numeric = {f.name for f in fields(settings) if f.type in ("int", "float", "int | None")}
    assert limits_of.keys() == numeric
    (subparsers,) = (a for a in cli._parser()._actions if getattr(a, "choices", None))
    actions = subparsers.choices[command]._actions
    options = {action.dest: action.limits for action in actions if isinstance(action, Number)}
    shared = options.keys() & numeric
    assert len(shared) >= 3
    assert {name: options[name] for name in shared} == {name: limits_of[name] for name in shared}


@pytest.mark.parametrize(
    ("settings", "name"),
    [(settings, name) for settings in SETTINGS.values() for name in settings.LIMITS],
)
def test_a_setting_out_of_its_limits_is_refused(settings, name):
    for value in (math.nan, math.inf, -1, "3", True, 1e400, 10**400):
        with pytest.raises(InputError, match=f"{name} is "):
            settings(**{name: value})


def test_numbers_of_numpy_are_taken_and_stored_as_json():
    made = config.DistillConfig(epochs=np.int64(3), alpha=np.float32(0.5), seed=np.uint8(7))
    assert json.loads(json.dumps(asdict(made)))["epochs"] == 3


def test_the_refinement_begins_with_the_fewest_steps():
    assert limits.MAX_STEPS.low == FIRST_STEPS


@pytest.mark.parametrize("share", [math.nan, -0.5, 0.0, 1.0, 1.5, math.inf])
def test_what_is_held_out_is_a_part(share):
    corpus = Corpus(("a",) * 40, (0, 1) * 20, ("x", "y"))
    with pytest.raises(InputError, match=r"the share to hold out is .*above 0 and below 1"):
        corpus.split(share, seed=0)


@pytest.mark.parametrize("number", [math.nan, -0.1, 1.1, math.inf])
def test_a_threshold_and_a_precision_are_shares(number):
    probabilities = np.array([[0.2, 0.8], [0.6, 0.4]])
    with pytest.raises(InputError, match="the threshold is"):
        abstention_at(number, probabilities, [1, 0])
    with pytest.raises(InputError, match="the target precision is"):
        choose_threshold(number, probabilities, [1, 0])
