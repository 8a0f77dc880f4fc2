"""Removes from a text what a classifier should not read, and remembers where the rest was.

Teacher and student both read the cleaned text; a span in it is mapped to a span in the text as the
user wrote it. Rules are named in a student's file, and what a name means never changes: a better
rule gets a new name, and old students keep theirs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from html.entities import html5
from typing import NamedTuple

from ..runtime.model_file.settings import check_rules

# Neither \s nor \w: what they match changes with Python's version of Unicode.
_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Characters that RFC 3986 allows in no URL, and the quotes that typesetters put around one.
_NOT_IN_URL = _SPACE + r"\"<>\\\^`{|}“”„«»"
# `www.` counts only where a word begins.
_URL_START = r"(?:[hH][tT][tT][pP][sS]?://|(?<![0-9A-Za-z_])[wW][wW][wW]\.)"
_URL = re.compile(f"{_URL_START}[^{_SPACE}]+")
_URL_V2 = re.compile(f"{_URL_START}[^{_NOT_IN_URL}]+")

# The entities of XML, and others that feeds leave in tweets.
_ENTITIES = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " ", "ndash": "–",
    "mdash": "—", "hellip": "…", "trade": "™", "lsquo": "‘", "rsquo": "’", "ldquo": "“",
    "rdquo": "”",
}  # fmt: skip
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|(" + "|".join(_ENTITIES) + "));")

_REFERENCE = re.compile(r"&(?:#([0-9]+);?|#[xX]([0-9a-fA-F]+);?|([A-Za-z][0-9A-Za-z]*;?))")
_DIGITS = 8  # after leading zeros; any number this long is past the last code point
_LONGEST_NAME = max(map(len, html5))


class CleanedText(NamedTuple):
    """A text as teacher and student read it."""

    text: str
    places: Sequence[int]  # [characters + 1], where each began in the user's text; then its end

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where `text[start:end]` stands in the text as the user wrote it."""
        return self.places[start], self.places[end]


_Rule = Callable[[CleanedText], CleanedText]


class _Replacement(NamedTuple):
    start: int
    end: int
    text: str


def _replaced(cleaned: CleanedText, replacements: Iterable[_Replacement]) -> CleanedText:
    """Apply replacements, none of which is longer than what it replaces.

    The characters of a replacement begin at consecutive places; the last one covers the rest.
    """
    text, places = cleaned
    parts: list[str] = []
    kept: list[int] = []
    done = 0
    for start, end, replacement in replacements:
        parts += text[done:start], replacement
        kept += [*places[done:start], *places[start : start + len(replacement)]]
        done = end
    if not done:
        return cleaned
    return CleanedText("".join([*parts, text[done:]]), [*kept, *places[done:]])


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _unescape(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        character = _ENTITIES[name]
    else:
        code_point = int(decimal) if decimal else int(hexadecimal, 16)
        is_character = code_point < 0xD800 or 0xDFFF < code_point < 0x110000
        character = chr(code_point) if is_character else " "
    return character.ljust(len(match[0]))


def _same_length(pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]) -> _Rule:
    """Return a rule whose replacement has as many characters as the match."""
    return lambda cleaned: cleaned._replace(text=pattern.sub(replace, cleaned.text))


def _references(text: str) -> Iterable[_Replacement]:
    """Find HTML's character references by the rules of the standard library's `html.unescape`."""
    for match in _REFERENCE.finditer(text):
        decimal, hexadecimal, name = match.groups()
        if name is None:
            digits = (decimal or hexadecimal).lstrip("0")[:_DIGITS] or "0"
            reference = f"&#{'' if decimal else 'x'}{digits};"
            yield _Replacement(match.start(), match.end(), html.unescape(reference))
            continue
        for size in range(min(len(name), _LONGEST_NAME), 0, -1):
            if name[:size] in html5:
                end = match.start() + 1 + size
                yield _Replacement(match.start(), end, html5[name[:size]])
                break


# The names are those of runtime/model_file/settings.py.
_RULES: dict[str, _Rule] = {
    "urls": _same_length(_URL, _blank),
    "html_entities": _same_length(_ENTITY, _unescape),
    "html_entities_v2": lambda cleaned: _replaced(cleaned, _references(cleaned.text)),
    "urls_v2": _same_length(_URL_V2, _blank),
}
# Entities come first: they may hold the quote that ends a URL, or its slashes.
DEFAULT_RULES = ("html_entities_v2", "urls_v2")


def clean(text: str, rules: Sequence[str] = DEFAULT_RULES) -> str:
    """Apply `rules` in order.

    >>> clean("Nestl&#233;&apos;s profit &amp; loss https://t.co/x up")
    "Nestlé's profit & loss                up"

    Raises:
        InputError: a rule is unknown.
    """
    return clean_with_places(text, rules).text


def clean_with_places(text: str, rules: Sequence[str] = DEFAULT_RULES) -> CleanedText:
    """Apply `rules` in order, and say where each character came from.

    >>> cleaned = clean_with_places("Nestl&#233;s")
    >>> cleaned.text, cleaned.span(5, 7)
    ('Nestlés', (5, 12))

    Raises:
        InputError: a rule is unknown.
    """
    check_rules(rules)
    cleaned = CleanedText(text, range(len(text) + 1))
    for rule in rules:
        cleaned = _RULES[rule](cleaned)
    return cleaned
