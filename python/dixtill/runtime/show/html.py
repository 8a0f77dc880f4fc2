"""Formats a prediction as HTML: the text as it was written, its words colored by their weights.

Everything that comes from a text or a label is escaped. Colors follow the reader's preference for
light or dark. Words that oppose the label are also underlined with dashes, and words that the
student does not know with dots. A word's title is its weight, and its effect if that was checked.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from ...escapes import UNSAFE
from .headline import headline
from .scale import largest_weight, level
from .terminal import check_sentences, notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..prediction import Prediction

NUM_LEVELS = 5  # of blue, and 5 of orange
UNKNOWN_NOTE = "dots mark words that the student does not know; it weighs them all alike"

STYLE = Path(__file__).with_name("words.css").read_text(encoding="utf-8")
"""The CSS that `words_html` needs; it touches nothing else."""

_UNSHOWABLE = dict.fromkeys(UNSAFE - set(map(ord, "\t\n\r")), "\ufffd")
# An override ends with an element that has its own direction.
_UNSHOWABLE_IN_TEXT = {
    code: shown for code, shown in _UNSHOWABLE.items() if code < 0x100 or 0xD800 <= code < 0xE000
}


def escaped(text: str) -> str:
    """Escape `text` for HTML, in an element or a quoted attribute; replace unsafe characters."""
    return escape(str.translate(text, _UNSHOWABLE))  # a plain str even of a subclass


def _escaped_text(text: str) -> str:
    """Escape a text for an element with `dir`, which keeps bidirectional overrides."""
    return escape(str.translate(text, _UNSHOWABLE_IN_TEXT))


def signed(number: float) -> str:
    """Format a number with two decimals and a sign; the minus is as wide as the plus."""
    return f"{number:+.2f}".replace("-", "\N{MINUS SIGN}")


def words_html(
    prediction: Prediction,
    scale: float | None = None,
    all_weights: Sequence[Sequence[float]] = (),
) -> str:
    """Return the original text, escaped, with its words colored; the page must hold `STYLE`.

    A word of weight `scale` has the full color; by default, the strongest word of the text has it.
    `all_weights` are those of each label, which a script of the page can show instead.
    """
    if scale is None:
        scale = largest_weight(prediction.words)
    pieces = "".join(_pieces(prediction, scale, list(zip(*all_weights, strict=True))))
    return f'<span class="dixtill-words" dir="auto">{pieces}</span>'


def prediction_html(prediction: Prediction) -> str:
    """Return a prediction as a notebook shows it: style, label, words and a legend."""
    label, rest = map(escaped, headline(prediction))
    remarks = ["blue supports the label, orange (dashed) opposes it", *notes(prediction)]
    if any(word.is_unknown for word in prediction.words):
        remarks.append(UNKNOWN_NOTE)
    remarks += map(escaped, check_sentences(prediction))
    if prediction.check is not None:
        remarks.append("point at a word to see its weight / effect")
    return (
        f'<div class="dixtill-prediction"><style>{STYLE}</style>'
        f"<div><strong>{label}</strong>{rest}</div>"
        f"<div>{words_html(prediction)}</div><small>{'; '.join(remarks)}</small></div>"
    )


def _pieces(
    prediction: Prediction, scale: float, all_weights: Sequence[Sequence[float]]
) -> Iterator[str]:
    """Yield the whole text in order: words, and the characters between them."""
    text, check = prediction.text, prediction.check
    flip = frozenset((check and check.flip) or ())
    done = 0
    for index, word in enumerate(prediction.words):
        start, end = max(word.start, done), max(word.end, done)
        if start == end:
            continue
        title = signed(word.weight)
        if check is not None:
            title += f" / {signed(check.effects[index])}"
        if word.is_unknown:
            title += " (unknown)"
        if " " in title:
            title = f'"{title}"'
        strength = level(word.weight, scale, NUM_LEVELS)
        classes = _classes(strength, index in flip, word.is_unknown)
        yield _escaped_text(text[done:start])
        others = (
            f" data-w={','.join(f'{w:.2f}' for w in all_weights[index])}" if all_weights else ""
        )
        yield f"<b{classes} title={title}{others}>{_escaped_text(text[start:end])}</b>"
        done = end
    yield _escaped_text(text[done:])


def _classes(strength: int, is_flip: bool, is_unknown: bool) -> str:
    """Return the class attribute, as short as HTML allows: a page has tens of thousands."""
    names = [f"{'p' if strength > 0 else 'n'}{abs(strength)}"] * bool(strength)
    names += ["flip"] * is_flip + ["unknown"] * is_unknown
    if not names:
        return ""
    return f" class={names[0]}" if len(names) == 1 else f' class="{" ".join(names)}"'
