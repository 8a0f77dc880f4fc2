"""Every number that a user can give is checked before any work, by the same rules everywhere."""

from __future__ import annotations

import argparse
import math

import pytest

from dixtill import cli, limits
from dixtill.commands.number_argument import Number
from dixtill.errors import InputError

HOSTILE = ("nan", "inf", "-inf", "-1", "0", "1e400", "-0.5", "", "x", "9" * 40, "9" * 5000, "1e3x")
ALL = {name: value for name, value in vars(limits).items() if isinstance(value, limits.Limits)}


def commands():
    """The parser of each command."""
    (subparsers,) = (
        action for action in cli._parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )  # fmt: skip
    return subparsers.choices


def numeric_options():
    return [
        (name, action)
        for name, parser in commands().items()
        for action in parser._actions
        if isinstance(action, Number)
    ]


def required(parser, action):
    """Return values for the required arguments; no file of these names exists."""
    given = []
    for other in parser._actions:
        if other.required and other is not action and other.option_strings:
            given += [other.option_strings[0], "no/such/place"]
    return given + ["text"] * (parser.prog.endswith(("infer", "explain")))


def is_fine(limit, text):
    try:
        return limit.kind(text) in limit
    except ValueError:
        return False


def test_every_numeric_option_has_limits():
    for name, parser in commands().items():
        for action in parser._actions:
            others = action.type in (int, float) or isinstance(action.default, (int, float))
            is_flag = action.nargs == 0 or isinstance(action.default, bool)
            if others and not is_flag and not isinstance(action, Number):
                assert action.choices, (name, action.option_strings)


def test_defaults_are_within_their_limits():
    for name, action in numeric_options():
        if action.default is not None:
            assert action.default in action.limits or action.default == 0, (name, action.dest)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "action"),
    [pytest.param(*option, id=f"{option[0]}{option[1].option_strings[0]}")
     for option in numeric_options()],
)  # fmt: skip
def test_a_number_out_of_its_limits_is_one_sentence(name, action, capsys):
    option = action.option_strings[0]
    given = required(commands()[name], action)
    refused = [text for text in HOSTILE if not is_fine(action.limits, text)]
    assert len(refused) >= len(HOSTILE) - 2
    for text in refused:
        code = cli.main([name, *given, f"{option}={text}"])
        printed = capsys.readouterr()
        assert code == 2
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert len(printed.err) < 250
        assert printed.err.startswith(f"dixtill: {option} is "), text
        assert f"expected {action.limits.description}" in printed.err


@pytest.mark.parametrize("name", ALL)
def test_limits_accept_only_numbers_inside_them(name):
    limit = ALL[name]
    assert not any(value in limit for value in (math.nan, math.inf, -math.inf, -1e-300))
    for edge, is_in in ((limit.low, limit.low_is_in), (limit.high, limit.high_is_in)):
        if math.isfinite(edge):
            assert (edge in limit) is is_in
            assert (limit.kind(edge) in limit) is is_in


@pytest.mark.parametrize(
    "value", [True, "1", b"1", None, [1], pytest.param(10**5000, id="huge"), math.nan, 1j]
)
@pytest.mark.parametrize("name", ALL)
def test_python_refuses_other_types_too(name, value):
    with pytest.raises(InputError, match=r"setting is .*expected a"):
        ALL[name].checked("setting", value)


def test_integers_of_any_type_become_plain_int():
    np = pytest.importorskip("numpy")
    with pytest.raises(InputError, match=r"epochs is 2\.5, expected a whole number from 1"):
        limits.COUNT.checked("epochs", 2.5)
    assert type(limits.COUNT.checked("epochs", np.int64(3))) is int
    assert type(limits.RATE.checked("dropout", np.float32(0))) is float


@pytest.mark.parametrize(
    "option",
    [
        "--seed=-1", "--threads=-2", "--threads=0", "--holdout=nan", "--holdout=-0.5",
        "--holdout=0", "--holdout=1", "--steps=1", "--max-steps=8", "--dropout=1", "--epochs=0",
        "--threads=100000", "--hidden-dim=100000", "--seed=4294967296", "--tolerance=0",
    ],
)  # fmt: skip
def test_settings_that_no_training_can_use_are_refused(option, capsys):
    assert cli.main(["distill", "--teacher", "t", "--train", "d", "--out", "s", option]) == 2
    assert f"dixtill: {option.partition('=')[0]} is " in capsys.readouterr().err
