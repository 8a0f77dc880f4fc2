"""Formats a prediction as lines of text, for a terminal in color.

The colors are among the 256 that terminals share; each has a contrast of at least 3.7 to 1 with
black and with white. Color-blind people can tell blue from orange, and the sign is always shown.
Without color, the lines hold the same characters.
"""

from __future__ import annotations

import os
import sys

from ...escapes import printable
from ...standard_streams import is_terminal
from .headline import headline
from .scale import largest_weight, level

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from ..explanation import Check
    from ..prediction import Prediction

_RESET, _BOLD = "\x1b[0m", "\x1b[1m"
_SUPPORTS = ("\x1b[38;5;67m", "\x1b[38;5;32m", "\x1b[1;38;5;32m")  # pale, blue, bold
_OPPOSES = ("\x1b[38;5;130m", "\x1b[38;5;166m", "\x1b[1;38;5;166m")  # brown, orange, bold


def wants_color(stream: TextIO | None = None) -> bool:
    """Return whether to color what is printed to `stream`, by default standard output.

    Python itself decides the same way since 3.13: never with NO_COLOR, always with FORCE_COLOR, and
    otherwise on a terminal that is not dumb.
    """
    stream = sys.stdout if stream is None else stream
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    if os.environ.get("TERM") == "dumb":
        return False
    # The console of older Windows prints escape sequences as they are.
    if sys.platform == "win32" and not os.environ.get("WT_SESSION"):
        return False
    return is_terminal(stream)


def shown(prediction: Prediction, color: bool) -> str:
    """Format the label with its probability, then a line for each word; safe for a terminal."""
    label, rest = headline(prediction)
    lines = [f"{_BOLD}{label}{_RESET}{rest}" if color else f"{label}{rest}"]
    lines += _word_lines(prediction, color)
    lines += [f"  ({note})" for note in notes(prediction)]
    return "\n".join([*lines, *(f"  {sentence}" for sentence in check_sentences(prediction))])


def notes(prediction: Prediction) -> list[str]:
    """Return what a reader should know of the text: whether it is familiar, and was read whole."""
    found = []
    if prediction.is_familiar is False:
        found.append(
            "the text is not like those that the student learned from: familiarity "
            f"{prediction.familiarity:.2f}"
        )
    if prediction.truncated:
        found.append("the text is longer than the model reads; the rest was left out")
    return found


def check_sentences(prediction: Prediction) -> list[str]:
    """Return sentences about the check: which words change the label, and the correlation."""
    check = prediction.check
    if check is None:
        return []
    is_number = prediction.value is not None
    sentences = [] if is_number else [_flip_sentence(prediction, check)]
    if check.correlation is not None:
        sentences.append(f"rank correlation of weights and effects: {check.correlation:.2f}")
    return sentences


def _flip_sentence(prediction: Prediction, check: Check) -> str:
    change = _change(prediction, check)
    if check.flip is None:
        if check.is_smallest:
            return f"there are no words without which {change}"
        return f"no set of words was found without which {change}"
    quoted = [f"“{printable(prediction.words[index].text)}”" for index in check.flip]
    words = " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
    if len(quoted) == 1:
        return f"without {words} {change}"
    fewer = "no fewer words do that" if check.is_smallest else "fewer words may do that"
    return f"without {words} {change}; {fewer}"


def _change(prediction: Prediction, check: Check) -> str:
    """Say what happens to the label that was checked."""
    if check.label is None or (check.label == prediction.top_label and _excludes(prediction)):
        return "the label changes"
    label = printable(check.label)
    if _excludes(prediction):
        return f"the label becomes {label}"
    return f"the text {'loses' if check.label in prediction.labels else 'gains'} the label {label}"


def _excludes(prediction: Prediction) -> bool:
    """Say whether a text has one label of several."""
    return bool(prediction.kind.output == "softmax")


def _word_lines(prediction: Prediction, color: bool) -> list[str]:
    words, check = prediction.words, prediction.check
    columns = [[f"{word.weight:+.3f}" for word in words]]
    heads = []
    if check is not None and words:
        columns.append([f"{effect:+.3f}" for effect in check.effects])
        heads = ["weight", "effect"]
    # Numbers come first: they align whatever width a terminal gives the words.
    width = max(map(len, (*heads, *(number for column in columns for number in column))), default=0)
    scale = largest_weight(words)
    lines = ["  ".join(f"{head:>{width}}" for head in heads)] if heads else []
    for word, *numbers in zip(words, *columns, strict=True):
        line = "  ".join([*(f"{number:>{width}}" for number in numbers), printable(word.text)])
        line += "  (unknown)" if word.is_unknown else ""
        lines.append(_painted(line, level(word.weight, scale, len(_SUPPORTS))) if color else line)
    return [f"  {line}" for line in lines]


def _painted(line: str, strength: int) -> str:
    if not strength:
        return line
    codes = _SUPPORTS if strength > 0 else _OPPOSES
    return f"{codes[abs(strength) - 1]}{line}{_RESET}"
