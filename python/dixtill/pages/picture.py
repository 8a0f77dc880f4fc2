"""Draw explanations as a PNG, in the form of the paper's figure. Needs the extra `plot`."""

from __future__ import annotations

import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from ..errors import InputError
from ..escapes import printable
from ..extras import require
from ..runtime.show.headline import headline
from ..runtime.show.scale import common_scale, level
from ..runtime.show.terminal import check_sentences
from .rows import ExplainedText

require("plot", "a picture")

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

if TYPE_CHECKING:
    from ..runtime.prediction import Prediction

MOST_TEXTS = 40
_MOST_CHARS = 1500  # per text: Agg can draw at most 65,536 pixels

_DPI = 160
_WIDTH, _MARGIN, _LINE, _SPACE = 11.0, 0.3, 0.27, 0.09  # inches
_NOTE = 0.75  # height of a note, in lines
_COLUMNS = (0.0, 1.2, 2.75, 3.85, 4.8)  # where each column begins, in inches from the margin
_NAMES = ("true", "predicted", "attribution", "score", "words")
_ROOM = _WIDTH - 2 * _MARGIN - _COLUMNS[-1]  # width of the column of words, in inches
_LEGEND = (
    "blue supports the attribution label, orange (underlined) opposes it; dots mark unknown words"
)
_INK, _MUTED, _RULE, _WRONG, _DASH = "#1c2733", "#56616d", "#d8d3ca", "#9c2f12", "#a04a00"
_SUPPORTS = ("#e2eef9", "#c7dff5", "#a3caef", "#7cb3e6", "#589cdb")
_OPPOSES = ("#fdeedd", "#fbdab5", "#f8c085", "#f3a555", "#ec8a2b")
_SPACES = re.compile(r"\s")

# Used, where installed, for scripts that matplotlib's own font lacks.
_FALLBACKS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Microsoft YaHei", "PingFang SC", "Noto Emoji",
    "Segoe UI Emoji", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari",
)  # fmt: skip


@dataclass(frozen=True)
class _Atom:
    """A piece of a line, `x` inches from the left edge of its column."""

    text: str
    strength: int
    is_outlined: bool
    is_unknown: bool
    x: float
    width: float


def picture_png(texts: Sequence[ExplainedText]) -> bytes:
    """Return the bytes of the PNG.

    Raises:
        InputError: there are more than MOST_TEXTS texts.
    """
    if len(texts) > MOST_TEXTS:
        raise InputError(
            f"a picture shows at most {MOST_TEXTS} texts, not {len(texts):,}; use --html for them"
        )
    with warnings.catch_warnings():
        # A character that no font has is drawn as a box, which is warning enough.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        return _Picture(texts).png()


class _Picture:
    """Lays out all texts, which decides the height, then draws them from the top."""

    def __init__(self, texts: Sequence[ExplainedText]) -> None:
        installed = set(font_manager.get_font_names())
        families = ["DejaVu Sans", *(name for name in _FALLBACKS if name in installed)]
        self._font = FontProperties(family=families, size=10)
        self._small = FontProperties(family=families, size=8)
        self._renderer = FigureCanvasAgg(Figure(dpi=_DPI)).get_renderer()
        scale = common_scale(text.prediction.words for text in texts)
        self._texts = texts
        self._lines = [self._flowed(text.prediction, scale) for text in texts]
        self._notes = [self._cut_notes(text.prediction) for text in texts]
        num_lines = 2 + sum(map(len, self._lines)) + _NOTE * sum(map(len, self._notes))
        self._height = 2 * _MARGIN + num_lines * _LINE + 2 * _SPACE * (len(texts) + 1)
        self._figure = Figure(figsize=(_WIDTH, self._height), dpi=_DPI, facecolor="white")
        self._y = self._height - _MARGIN  # everything above is drawn

    def png(self) -> bytes:
        self._draw_cells(_NAMES, self._small, _MUTED)
        self._y -= _LINE + _SPACE
        for text, lines, notes in zip(self._texts, self._lines, self._notes, strict=True):
            self._rule()
            self._draw_text(text, lines, notes)
        self._rule()
        self._y -= _LINE + _SPACE
        self._write(_LEGEND, 0.0, self._small, _MUTED)
        file = BytesIO()
        FigureCanvasAgg(self._figure).print_png(file, metadata={"Software": None})
        return file.getvalue()

    def _draw_text(self, text: ExplainedText, lines: list[list[_Atom]], notes: list[str]) -> None:
        label, rest = headline(text.prediction)
        true = "–" if text.true_label is None else printable(text.true_label)
        if text.prediction.kind.output == "softmax":
            rest = f" ({text.prediction.probability:.2f})"  # without the reason for no label
        predicted = f"{label}{rest}"
        attribution = printable(text.prediction.explained_label)
        self._y -= _SPACE
        self._draw_cells(
            (true, predicted, attribution, f"{text.score:+.2f}"),
            self._font,
            _WRONG if text.is_wrong else _INK,
        )
        for atoms in lines:
            self._y -= _LINE
            for atom in atoms:
                self._draw_atom(atom)
        for note in notes:
            self._y -= _NOTE * _LINE
            self._write(note, _COLUMNS[-1], self._small, _MUTED, rise=0.03)
        self._y -= _SPACE

    def _draw_cells(self, cells: Sequence[str], font: FontProperties, color: str) -> None:
        """Draw cells in the next line without moving on: the words' lines do that."""
        self._y -= _LINE
        for cell, begin, end in zip(cells, _COLUMNS, (*_COLUMNS[1:], _WIDTH), strict=False):
            self._write(self._cut(cell, end - begin - 0.1, font), begin, font, color)
        self._y += _LINE

    def _draw_atom(self, atom: _Atom) -> None:
        x = _COLUMNS[-1] + atom.x
        if atom.strength or atom.is_outlined:
            self._box(x, atom)
        if atom.strength < 0:
            self._stroke(x, x + atom.width, self._y + 0.025, _DASH, (0, (2, 1.5)))
        if atom.is_unknown:
            self._stroke(x, x + atom.width, self._y + 0.01, _INK, "dotted")
        self._write(atom.text, x, self._font, _INK)

    def _box(self, x: float, atom: _Atom) -> None:
        colors = _SUPPORTS if atom.strength > 0 else _OPPOSES
        size = (atom.width + 0.02) / _WIDTH, 0.85 * _LINE / self._height
        box = Rectangle(
            self._at(x - 0.01, self._y),
            *size,
            transform=self._figure.transFigure,
            facecolor=colors[abs(atom.strength) - 1] if atom.strength else "none",
            edgecolor=_INK if atom.is_outlined else "none",
            linewidth=1.0,
        )
        self._figure.add_artist(box)

    def _rule(self) -> None:
        self._stroke(0.0, _WIDTH - 2 * _MARGIN, self._y, _RULE, "solid")

    def _stroke(self, begin: float, end: float, y: float, color: str, style: object) -> None:
        (first, height), (last, _) = self._at(begin, y), self._at(end, y)
        line = Line2D([first, last], [height, height], color=color, linewidth=0.8, linestyle=style)
        self._figure.add_artist(line)

    def _write(
        self, text: str, x: float, font: FontProperties, color: str, rise: float = 0.07
    ) -> None:
        # Without parse_math=False, text between two $ would be set as a formula.
        self._figure.text(
            *self._at(x, self._y + rise),
            text,
            fontproperties=font,
            color=color,
            parse_math=False,
        )

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return (_MARGIN + x) / _WIDTH, y / self._height

    def _width(self, text: str, font: FontProperties) -> float:
        width, _, _ = self._renderer.get_text_width_height_descent(text, font, ismath=False)
        return float(width) / _DPI

    def _fitting(self, text: str, room: float, font: FontProperties) -> int:
        """Return how many characters of `text` fit into `room` inches."""
        sizes = range(1, len(text) + 1)
        return bisect_right(sizes, room, key=lambda size: self._width(text[:size], font))

    def _cut(self, text: str, room: float, font: FontProperties) -> str:
        if self._width(text, font) <= room:
            return text
        return f"{text[: self._fitting(text, room - self._width('…', font), font)]}…"

    def _flowed(self, prediction: Prediction, scale: float) -> list[list[_Atom]]:
        """Break the text into lines that fit; there is at least one line."""
        lines: list[list[_Atom]] = [[]]
        x = 0.0
        for text, strength, is_outlined, is_unknown in _pieces(prediction, scale):
            for part in self._parts_of_a_line(text):
                width = self._width(part, self._font)
                if x + width > _ROOM and lines[-1]:
                    lines.append([])
                    x = 0.0
                if lines[-1] or not part.isspace():
                    atom = _Atom(part, strength, is_outlined, is_unknown, x, width)
                    lines[-1].append(atom)
                    x += width
        return lines

    def _parts_of_a_line(self, text: str) -> Iterator[str]:
        while self._width(text, self._font) > _ROOM:
            size = max(1, self._fitting(text, _ROOM, self._font))
            yield text[:size]
            text = text[size:]
        yield text

    def _cut_notes(self, prediction: Prediction) -> list[str]:
        return [self._cut(note, _ROOM, self._small) for note in check_sentences(prediction)]


def _pieces(prediction: Prediction, scale: float) -> Iterator[tuple[str, int, bool, bool]]:
    """Yield words with their strength, and the text between them, split at white space."""
    check, done = prediction.check, 0
    flip = frozenset((check and check.flip) or ())
    text = prediction.text[:_MOST_CHARS]
    for index, word in enumerate(prediction.words):
        if word.start >= len(text):
            break
        yield from ((part, 0, False, False) for part in _split(text[done : word.start]))
        shown = _SPACES.sub(" ", text[word.start : word.end])
        strength = level(word.weight, scale, len(_SUPPORTS))
        yield printable(shown), strength, index in flip, word.is_unknown
        done = word.end
    yield from ((part, 0, False, False) for part in _split(text[done:]))
    if len(prediction.text) > _MOST_CHARS:
        yield "…", 0, False, False


def _split(text: str) -> list[str]:
    return [printable(part) for part in re.findall(r" +|[^ ]+", _SPACES.sub(" ", text))]
