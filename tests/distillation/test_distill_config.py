"""The settings of each method, and those that are refused."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dixtill.distillation.config import AllSettings, DistillConfig
from dixtill.errors import InputError
from dixtill.runtime.model_file.shape import CELLS

METHODS = ("dixtill", "dixtill-paper", "kl", "mse", "none")


def test_the_defaults_are_those_of_dixtill():
    config = DistillConfig.of("dixtill")
    assert config == DistillConfig()
    assert (config.temperature, config.kl) == (2.0, "plain")
    assert (config.explanation, config.explained_classes, config.merge) == ("gates", "all", "sum")
    assert config.null_score
    assert config.additivity > 0
    assert (config.perturbed, config.max_explained) == (None, 4000)


def test_the_published_method_is_the_papers():
    config = DistillConfig.of("dixtill-paper")
    assert (config.alpha, config.temperature, config.kl) == (0.9, 5.0, "bounded")
    assert (config.explanation, config.explained_classes, config.merge) == (
        "scores", "predicted", "mean"
    )  # fmt: skip
    assert not config.null_score
    assert (config.explanation_weight, config.additivity, config.perturbed) == (1, 0, 0)


@pytest.mark.parametrize("method", ["kl", "mse", "none"])
def test_the_other_methods_learn_as_published_and_show_contributions(method):
    config = DistillConfig.of(method)
    assert (config.method, config.temperature, config.kl) == (method, 5.0, "bounded")
    assert (config.additivity, config.perturbed, config.max_explained) == (0, 0, None)
    assert config.explanation == "contributions"
    assert not config.null_score


def test_training_texts_alone_are_read_more_often():
    many, few = DistillConfig.of("dixtill"), DistillConfig.of("dixtill", perturbed=0)
    assert few.epochs > many.epochs
    assert few.batch_size < many.batch_size
    assert DistillConfig.of("dixtill", perturbed=0, epochs=2).epochs == 2
    assert DistillConfig.of("kl").epochs == few.epochs
    assert DistillConfig.of("kl", perturbed=30).epochs == many.epochs


@pytest.mark.parametrize("method", METHODS)
def test_what_is_given_wins_over_the_methods_own(method):
    config = DistillConfig.of(method, temperature=3.0, perturbed=4, merge="mean", seed=9)
    assert (config.temperature, config.perturbed, config.merge, config.seed) == (3.0, 4, "mean", 9)
    for given in (True, False):
        assert DistillConfig.of(method, null_score=given).null_score is given


@pytest.mark.parametrize("method", METHODS)
def test_attributions_are_for_the_methods_that_explain(method):
    assert DistillConfig.of(method).is_explained == method.startswith("dixtill")


def test_without_an_explained_text_no_explanations_are_learned():
    config = DistillConfig.of("dixtill", max_explained=0)
    assert not config.is_explained
    assert (config.explanation, config.additivity) == ("gates", 0.25)
    with pytest.raises(InputError, match="but max_explained is 0"):
        DistillConfig.of("dixtill", max_explained=0, explanation_weight=1.0)
    with pytest.raises(InputError, match="max_explained is given, but the method 'kl'"):
        DistillConfig.of("kl", max_explained=7)
    with pytest.raises(InputError, match="max_explained is -1"):
        DistillConfig(max_explained=-1)


def test_gates_need_a_null_score():
    assert DistillConfig.of("dixtill").explanation == "gates"
    assert DistillConfig.of("dixtill", null_score=False).explanation == "contributions"
    assert DistillConfig.of("kl", explanation="gates").null_score
    with pytest.raises(InputError, match="the explanation 'gates' needs a null score"):
        DistillConfig.of("dixtill", null_score=False, explanation="gates")
    with pytest.raises(InputError, match="the explanation 'gates' needs a null score"):
        DistillConfig(null_score=False)


def test_linear_cells_are_explained_by_contributions():
    for method in ("dixtill", "kl", "mse", "none"):
        config = DistillConfig.of(method, cell="linear")
        assert (config.cell, config.explanation) == ("linear", "contributions")
        assert config == DistillConfig.of(method, cell="linear", explanation="contributions")
        for explanation in ("gates", "scores"):
            sentence = f"the explanation '{explanation}' is not for linear cells"
            with pytest.raises(InputError, match=sentence):
                DistillConfig.of(method, cell="linear", explanation=explanation)
    with pytest.raises(InputError, match="'gates' is not for linear cells"):
        DistillConfig(cell="linear")


def test_a_gru_changes_no_other_setting():
    for method in ("dixtill", "kl", "mse", "none"):
        assert DistillConfig.of(method).cell == "lstm"
        assert DistillConfig.of(method, cell="gru") == replace(DistillConfig.of(method), cell="gru")


@pytest.mark.parametrize("method", ["dixtill", "kl", "mse", "none", "dixtill-paper"])
def test_every_methods_student_is_the_published_one(method):
    own = DistillConfig.of(method)
    shape = own.cell, own.directions, own.embedding_dim, own.hidden_dim, own.attention_dim
    assert shape == ("lstm", 2, 50, 50, 100)


def test_the_published_student_is_an_lstm():
    assert DistillConfig.of("dixtill-paper", cell="lstm") == DistillConfig.of("dixtill-paper")
    for cell in ("gru", "linear"):
        sentence = f"cell is '{cell}', but the method 'dixtill-paper' .* choose cell 'lstm'"
        with pytest.raises(InputError, match=sentence):
            DistillConfig.of("dixtill-paper", cell=cell)


def test_the_published_student_reads_in_both_directions():
    assert DistillConfig.of("dixtill", directions=1).directions == 1
    with pytest.raises(InputError, match=r"directions is 1, but .* choose directions 2, or"):
        DistillConfig.of("dixtill-paper", directions=1)


def test_the_cells_are_those_of_model_files():
    assert DistillConfig.choices()["cell"] == CELLS


def test_scores_explain_the_predicted_class():
    assert DistillConfig.of("dixtill", explanation="scores").explained_classes == "predicted"
    sentence = "raw scores explain one class; choose explained_classes 'predicted'"
    with pytest.raises(InputError, match=sentence):
        DistillConfig.of("dixtill", explanation="scores", explained_classes="all")
    with pytest.raises(InputError, match=sentence):
        DistillConfig(explanation="scores")


def test_scores_are_not_made_additive():
    assert DistillConfig.of("dixtill", explanation="scores").additivity == 0
    for method in METHODS:
        with pytest.raises(InputError, match="the explanation 'scores' does not add up"):
            DistillConfig.of(method, explanation="scores", additivity=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_a_weight_of_explanations_is_refused_where_none_are_learned(method):
    if method.startswith("dixtill"):
        assert DistillConfig.of(method, explanation_weight=3).explanation_weight == 3
    else:
        with pytest.raises(InputError, match=f"'{method}' learns no .* dixtill or dixtill-paper"):
            DistillConfig.of(method, explanation_weight=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", 1.1), ("alpha", -0.1), ("temperature", 0.0), ("epochs", 0), ("patience", 0),
        ("batch_size", 0), ("learning_rate", 0.0), ("dropout", 1.0), ("unknown_rate", -0.1),
        ("explanation_weight", -0.1), ("explanation_weight", math.inf), ("temperature", math.inf),
        ("additivity", -0.1), ("perturbed", -1), ("warmup_epochs", -0.5), ("max_grad_norm", 0.0),
        ("weight_decay", -0.1), ("weight_decay", math.nan), ("embedding_dim", 0),
        ("hidden_dim", 0), ("attention_dim", 0), ("max_pieces", -1), ("directions", 0),
        ("directions", 3),
    ],
)  # fmt: skip
def test_a_config_out_of_range_is_refused(name, value):
    with pytest.raises(InputError, match=f"{name} is {value}, which is out of range"):
        DistillConfig(**{name: value})


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("method", ", ".join(METHODS)),
        ("kl", "bounded, plain"),
        ("explanation", "gates, contributions, scores"),
        ("explained_classes", "predicted, all"),
        ("merge", "sum, mean"),
        ("teaching", "fixed, worst, learned"),
    ],
)
def test_an_unknown_choice_is_refused_with_those_that_are_known(name, choices):
    sentence = f"unknown {name} 'Dixtil', expected one of {choices}$"
    with pytest.raises(InputError, match=sentence):
        DistillConfig(**{name: "Dixtil"})
    with pytest.raises(InputError, match=sentence):
        DistillConfig.of(**{"method": "kl", name: "Dixtil"})


def test_an_unknown_method_is_the_first_mistake_that_is_named():
    with pytest.raises(InputError, match="unknown method 'Dixtil'"):
        DistillConfig.of("Dixtil", explanation_weight=1)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"symbols": "no"}, "symbols is 'no', expected True or False"),
        ({"null_score": "no"}, "null_score is 'no', expected True or False"),
        ({"calibrate": "no"}, "calibrate is 'no', expected True or False"),
        ({"report": 0}, "report is 0, expected True or False"),
        ({"cleaning": "urls"}, "cleaning is 'urls', expected a list of rules"),
        ({"cleaning": None}, "cleaning is None, expected a list of rules"),
        ({"cleaning": ["url"]}, "unknown cleaning rule 'url'; this version knows urls, "),
        ({"cleaning": ["urls", "urls"]}, "a cleaning rule occurs twice in urls, urls"),
    ],
)
def test_switches_and_cleaning_are_checked_before_any_work(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        AllSettings.of(settings)


def test_a_list_of_cleaning_rules_is_taken_as_a_tuple():
    config, attribution, _ = AllSettings.of({"cleaning": ["urls"]})
    assert (config.cleaning, attribution.cleaning) == (("urls",), ("urls",))
