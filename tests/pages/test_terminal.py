"""`print` shows the same characters with and without color, and no control characters."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
from explained import HOSTILE, checked, predicted

from dixtill.runtime.prediction import Check
from dixtill.runtime.show import terminal
from dixtill.runtime.show.terminal import shown, wants_color

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_terminal_is_colored_and_a_pipe_is_not(environment):
    assert wants_color(Terminal())
    assert not wants_color(io.StringIO())


@pytest.mark.parametrize(
    ("settings", "on_terminal", "in_pipe"),
    [
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": ""}, True, False),
    ],
)
def test_the_environment_is_heeded(environment, settings, on_terminal, in_pipe):
    for name, value in settings.items():
        environment.setenv(name, value)
    assert wants_color(Terminal()) is on_terminal
    assert wants_color(io.StringIO()) is in_pipe


def test_no_stream_and_a_closed_one_are_not_colored(environment):
    closed = Terminal()
    closed.close()
    closed.isatty = lambda: io.StringIO.isatty(closed)  # raises ValueError
    assert not wants_color(closed)
    for missing in (None, object()):
        environment.setattr(sys, "stdout", missing)
        assert not wants_color()


@pytest.mark.parametrize("text", [*HOSTILE, "shares jump after record earnings"])
def test_color_changes_no_character(text):
    prediction = predicted(text)
    plain = shown(prediction, color=False)
    assert ESCAPE.sub("", shown(prediction, color=True)) == plain
    assert not {"\x1b", "\x00", "\x07", "\x9b"} & set(plain)
    plain.encode()


def test_support_is_blue_and_opposition_orange_and_the_strongest_bold():
    lines = shown(predicted("a b c d e", [2.0, 0.1, -0.5, -2.0, 1.0]), color=True).split("\n")
    assert lines[0] == "\x1b[1mbullish\x1b[0m (0.90)"
    assert lines[1] == "  \x1b[1;38;5;32m+2.000  a\x1b[0m"
    assert lines[2] == "  +0.100  b"
    assert lines[3] == "  \x1b[38;5;130m-0.500  c\x1b[0m"
    assert lines[4] == "  \x1b[1;38;5;166m-2.000  d\x1b[0m"
    assert lines[5] == "  \x1b[38;5;32m+1.000  e\x1b[0m"


def luminance(code):
    """Return the WCAG relative luminance of one of the 256 terminal colors."""
    steps = (0, 95, 135, 175, 215, 255)
    rgb = (steps[(code - 16) // 36], steps[(code - 16) // 6 % 6], steps[(code - 16) % 6])
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("code", [*terminal._SUPPORTS, *terminal._OPPOSES])
def test_a_color_is_readable_on_black_and_on_white(code):
    light = luminance(int(re.search(r"38;5;(\d+)m", code)[1]))
    assert min(1.05 / (light + 0.05), (light + 0.05) / 0.05) > 3.7


def test_below_the_threshold_it_says_so():
    unsure = predicted("up", [0.5], probability=0.6, threshold=0.8)
    assert shown(unsure, color=False) == "no label: bullish (0.60) is below 0.8\n  +0.500  up"


def test_a_check_adds_a_column_and_two_sentences():
    prediction = checked("Shares jump again", [0.25, 1.5, -0.1], flip=(0, 1))
    assert shown(prediction, color=False).split("\n") == [
        "bullish (0.90)",
        "  weight  effect",
        "  +0.250  +0.500  Shares",
        "  +1.500  +3.000  jump",
        "  -0.100  -0.200  again",
        "  without “Shares” and “jump” the label changes; no fewer words do that",
        "  rank correlation of weights and effects: 1.00",
    ]


@pytest.mark.parametrize(
    ("flip", "is_smallest", "sentence"),
    [
        ((1,), True, "without “jump” the label changes"),
        (
            (0, 1, 2),
            True,
            "without “Shares”, “jump” and “again” the label changes; no fewer words do that",
        ),
        ((0, 1), False, "without “Shares” and “jump” the label changes; fewer words may do that"),
        (None, True, "there are no words without which the label changes"),
        (None, False, "no set of words was found without which the label changes"),
    ],
)
def test_what_changes_the_label_is_one_plain_sentence(flip, is_smallest, sentence):
    check = Check((1.0, 1.0, 1.0), None, flip, is_smallest)
    prediction = predicted("Shares jump again", [1.0, 1.0, 1.0], check=check)
    assert shown(prediction, color=False).split("\n")[-1] == f"  {sentence}"


def test_a_checked_text_without_words_is_shown():
    prediction = predicted("", check=Check((), None, None, True))
    assert shown(prediction, color=False).startswith("bullish (0.90)\n  there are no words")


def test_print_is_colored_on_a_terminal_and_a_format_string_never_is(environment):
    prediction = predicted("shares jump")
    stream = Terminal()
    environment.setattr(sys, "stdout", stream)
    print(prediction)
    print(f"{prediction}")
    colored, plain = stream.getvalue()[: len(str(prediction))], f"{prediction}"
    assert colored == shown(prediction, color=True)
    assert stream.getvalue() == f"{colored}\n{plain}\n"
    assert plain == shown(prediction, color=False)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")
@pytest.mark.parametrize("colors", [True, False])
def test_a_process_on_a_pseudo_terminal_prints_in_color_unless_told_not_to(colors):
    code = "import dixtill; print(dixtill.infer('Apple shares jump'))"
    environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "" if colors else "1"}
    environment.pop("FORCE_COLOR", None)
    ours, theirs = os.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stdout=theirs, env=environment) as process:
        os.close(theirs)
        assert process.wait(timeout=120) == 0
        printed = os.read(ours, 10000).decode()
    os.close(ours)
    assert ("\x1b[1;38;5;32m" in printed) is colors
    assert "bullish" in printed
