"""Normalizes text as BERT does, one character at a time, each with its place in the text.

The result equals that of BertNormalizer of the `tokenizers` library (clean_text and
handle_chinese_chars on), from which unicode.json was made. With `symbols`, it also knows which
characters are symbols or variants of plain ones, which BERT does not. words.py splits words.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

_HANGUL_FIRST, _HANGUL_LAST = 0xAC00, 0xD7A3
_KEYCAP = "\u20e3"


class NormalizedChar(NamedTuple):
    """A character of the normalized text and the index of the character it came from.

    `char` is a space for any white space, and empty for a character that was dropped.
    """

    char: str
    source: int


class _Ranges:
    """Values of code points, stored as sorted inclusive ranges; outside them the value is 0."""

    def __init__(self, rows: list[list[int]]) -> None:
        self._firsts = [row[0] for row in rows]
        self._rows = rows

    def __getitem__(self, char: str) -> int:
        position = bisect_right(self._firsts, ord(char)) - 1
        if position < 0 or ord(char) > self._rows[position][1]:
            return 0
        return self._rows[position][2] if len(self._rows[position]) == 3 else 1


@dataclass(frozen=True)
class _Tables:
    dropped: _Ranges
    spaces: _Ranges
    ideographs: _Ranges
    punctuation: _Ranges
    nonspacing: _Ranges
    combining_class: _Ranges
    decomposition: dict[str, str]
    lowercase: dict[str, str]
    symbols: _Ranges
    plain: dict[str, str]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    raw: dict[str, Any] = json.loads(
        files(__package__).joinpath("unicode.json").read_text(encoding="utf-8")
    )
    tables: dict[str, Any] = {
        name: _Ranges(rows) if isinstance(rows, list) else rows for name, rows in raw.items()
    }
    return _Tables(**tables)


@lru_cache(maxsize=4096)
def _is_punctuation(char: str) -> bool:
    """Return whether BERT sets `char` apart from its neighbors."""
    return bool(_tables().punctuation[char])


@lru_cache(maxsize=4096)
def _is_variant_of_punctuation(char: str) -> bool:
    form = _tables().plain.get(char, "")
    return len(form) == 1 and _is_punctuation(form)


@lru_cache(maxsize=4096)
def _is_symbol(char: str) -> bool:
    return bool(_tables().symbols[char])


def _draws_another(char: str) -> bool:
    """Return whether `char` only says how to draw the one before: a variation or a keycap."""
    return "\ufe00" <= char <= "\ufe0f" or char == _KEYCAP


def _decompose(char: str) -> str:
    """Decompose canonically; Hangul by the arithmetic of the Unicode Standard, 3.12."""
    code_point = ord(char)
    if not _HANGUL_FIRST <= code_point <= _HANGUL_LAST:
        return _tables().decomposition.get(char, char)
    syllable = code_point - _HANGUL_FIRST
    jamo = chr(0x1100 + syllable // 588) + chr(0x1161 + syllable % 588 // 28)
    return jamo + chr(0x11A7 + syllable % 28) if syllable % 28 else jamo


def _clean(char: str) -> str:
    """Clean a character: white space becomes a space, an ideograph gets spaces around it."""
    if "\ud800" <= char <= "\udfff":  # a lone surrogate is dropped, like U+FFFD
        return ""
    tables = _tables()
    if tables.dropped[char]:
        return ""
    if tables.spaces[char]:
        return " "
    return f" {char} " if tables.ideographs[char] else char


@lru_cache(maxsize=4096)
def _cleaned(char: str, symbols: bool, decomposes: bool) -> str | tuple[str]:
    """Return the characters that one becomes by cleaning; a dropped one becomes an empty text."""
    cleaned = "" if symbols and _draws_another(char) else _clean(char)
    return ("".join(map(_decompose, cleaned)) if decomposes else cleaned) or ("",)


@lru_cache(maxsize=4096)
def _combining_class(char: str) -> int:
    return _tables().combining_class[char]


@lru_cache(maxsize=4096)
def _is_nonspacing(char: str) -> bool:
    return bool(_tables().nonspacing[char])


def _without_accents(chars: Iterable[NormalizedChar]) -> Iterator[NormalizedChar]:
    """Drop nonspacing marks, and sort each run of combining marks as D109 of Unicode asks."""
    run: list[NormalizedChar] = []  # combining marks, and what is dropped between them
    for item in chars:
        if _combining_class(item.char) if item.char else run:
            run.append(item)
            continue
        if run:
            yield from _ended(run)
            run.clear()
        yield _stripped(item)
    yield from _ended(run)


def _ended(run: Iterable[NormalizedChar]) -> Iterator[NormalizedChar]:
    """Yield the marks that stay, by class, then what is dropped.

    A dropped character belongs to the word before it. If it were yielded before the marks, that
    could be the word before the one that the marks begin, and the spans of the two would overlap.
    """
    stripped = [_stripped(item) for item in run]
    kept = [item for item in stripped if item.char]
    yield from sorted(kept, key=lambda mark: _combining_class(mark.char))
    yield from (item for item in stripped if not item.char)


def _stripped(item: NormalizedChar) -> NormalizedChar:
    is_stripped = item.char and _is_nonspacing(item.char)
    return NormalizedChar("", item.source) if is_stripped else item


@dataclass(frozen=True)
class Normalizer:
    """BERT's normalization: cleaning, then accents, then case.

    With `symbols`, symbols and emoji are not letters, and a typographic variant has a plain form.
    A variation selector is then dropped even where accents stay.
    """

    lowercase: bool = True
    strip_accents: bool = True
    symbols: bool = False

    def is_punctuation(self, char: str) -> bool:
        """Return whether a normalized character is set apart from its neighbors."""
        return _is_punctuation(char) or (self.symbols and _is_variant_of_punctuation(char))

    def is_symbol(self, char: str) -> bool:
        """Return whether a normalized character is a symbol or an emoji, and not punctuation."""
        return self.symbols and _is_symbol(char) and not _is_variant_of_punctuation(char)

    def plain_form(self, text: str) -> str:
        """Return normalized `text` with each typographic variant as it is written in ASCII.

        >>> Normalizer(symbols=True).plain_form("\u2212"), Normalizer().plain_form("\u2212")
        ('-', '\u2212')
        """
        if not self.symbols or text.isascii():
            return text
        plain = _tables().plain
        form = "".join(plain.get(char, char) for char in text)
        if not self.lowercase:
            return form
        # str.lower beyond ASCII changes with Python's version.
        return "".join(char.lower() if char.isascii() else char for char in form)

    def __call__(self, text: str) -> Iterator[NormalizedChar]:
        """Yield the normalized characters of `text` in order, lazily."""
        strips = self.strip_accents and not text.isascii()
        chars: Iterator[NormalizedChar] = (
            NormalizedChar(c, i)
            for i, char in enumerate(text)
            for c in _cleaned(char, self.symbols, strips)
        )
        if strips:
            chars = _without_accents(chars)
        if not self.lowercase:
            return chars
        return (
            NormalizedChar(c, item.source)
            for item in chars
            for c in self._lower(item.char) or ("",)
        )

    @staticmethod
    def _lower(char: str) -> str:
        return char.lower() if char.isascii() else _tables().lowercase.get(char, char)
