"""The settings that a search chooses, and the courses that they stand for."""

from __future__ import annotations

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dixtill.architecture_search.space import Space
from dixtill.distillation.config import DistillConfig


@given(
    num_pieces=st.integers(2, 40_000),
    num_perturbed=st.integers(0, 300_000),
    num_real=st.integers(0, 2),
    seed=st.integers(0, 99),
)
def test_every_choice_is_a_course(num_pieces, num_perturbed, num_real, seed):
    space = Space.of({}, num_pieces, num_perturbed, num_real)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    for choices in (space.default, study.ask(dict(space.distributions)).params):
        recipe = space.recipe(choices)
        config = recipe.config
        assert 16 <= config.embedding_dim <= 96
        assert 8 <= config.hidden_dim <= 96
        assert 8 <= config.attention_dim <= 128
        assert min(num_pieces, 2) <= recipe.num_pieces <= min(num_pieces, 30_000)
        if num_pieces >= 8000:
            assert recipe.num_pieces >= 2000
        assert 0 <= config.perturbed <= num_perturbed
        assert recipe.embedding_bits in (4, 8)
        assert "real_texts" in choices or not num_real
        for name, distribution in space.distributions.items():
            assert distribution._contains(distribution.to_internal_repr(choices[name])), name


def test_the_default_is_near_to_a_course_without_a_search():
    space = Space.of({}, 9000, 1000, 1)
    recipe = space.recipe(space.default)
    assert abs(recipe.config.embedding_dim - DistillConfig.embedding_dim) <= 4
    assert abs(recipe.config.hidden_dim - DistillConfig.hidden_dim) <= 4
    assert abs(recipe.config.attention_dim - DistillConfig.attention_dim) <= 4
    assert recipe.config.dropout == DistillConfig.dropout
    assert recipe.config.teaching == "fixed"
    assert (recipe.num_pieces, recipe.config.perturbed, recipe.has_real_texts) == (9000, 1000, True)
    assert recipe.embedding_bits == 4


def test_what_is_given_is_not_searched():
    shared = {"hidden_dim": 12, "embedding_bits": 8, "perturbed": 7, "teaching": "worst"}
    space = Space.of(shared, 9000, 7, 0)
    assert not shared.keys() & space.distributions.keys()
    recipe = space.recipe(space.default)
    assert (recipe.config.hidden_dim, recipe.config.perturbed) == (12, 7)
    assert (recipe.config.teaching, recipe.embedding_bits) == ("worst", 8)


@pytest.mark.parametrize(
    ("shared", "cells", "default"),
    [
        ({}, ("lstm", "gru", "linear"), "lstm"),
        ({"explanation": "gates"}, ("lstm", "gru"), "lstm"),
        ({"method": "dixtill-paper"}, None, "lstm"),
    ],
)
def test_cells_that_do_not_contradict_the_given_settings_are_searched(shared, cells, default):
    space = Space.of(shared, 9000, 7, 0)
    found = space.distributions.get("cell")
    assert (found and found.choices) == cells
    assert space.recipe(space.default).config.cell == default


@pytest.mark.parametrize(
    ("shared", "directions"),
    [({}, (1, 2)), ({"directions": 1}, None), ({"method": "dixtill-paper"}, None)],
)
def test_directions_that_do_not_contradict_the_given_settings_are_searched(shared, directions):
    space = Space.of(shared, 9000, 7, 0)
    found = space.distributions.get("directions")
    assert (found and found.choices) == directions
    assert space.recipe(space.default).config.directions == shared.get("directions", 2)


def test_without_a_teacher_no_teaching_is_searched():
    assert "teaching" not in Space.of({"method": "none"}, 9000, 0, 0).distributions
