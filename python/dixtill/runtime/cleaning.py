"""Blanks what a classifier should not read, and keeps every character position.

Teacher and student both see the cleaned text. A rule replaces a stretch of text by as many
characters as it had, so that a span in the cleaned text is a span in the user's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..errors import InputError

# A URL runs to the next white space. `www.` counts only where a word begins. Neither \s nor \w:
# what they match changes with Python's version of Unicode.
_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_URL = re.compile(rf"(?:[hH][tT][tT][pP][sS]?://|(?<![0-9A-Za-z_])[wW][wW][wW]\.)[^{_SPACE}]+")

# The entities of XML, and those that feeds leave behind in tweets.
_ENTITIES = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " ", "ndash": "–",
    "mdash": "—", "hellip": "…", "trade": "™", "lsquo": "‘", "rsquo": "’", "ldquo": "“",
    "rdquo": "”",
}  # fmt: skip
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|(" + "|".join(_ENTITIES) + "));")


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


_RULES: dict[str, Callable[[str], str]] = {
    "urls": lambda text: _URL.sub(_blank, text),
    "html_entities": lambda text: _ENTITY.sub(_unescape, text),
}
DEFAULT_RULES = tuple(_RULES)


def clean(text: str, rules: Sequence[str] = DEFAULT_RULES) -> str:
    """Apply `rules` in order; the result has the length of `text`.

    >>> clean("Profit &amp; loss https://t.co/x up")
    'Profit &     loss                up'

    Raises:
        InputError: a rule is unknown.
    """
    for rule in rules:
        if rule not in _RULES:
            raise InputError(
                f"unknown cleaning rule '{rule}'; this version knows {', '.join(_RULES)}"
            )
        text = _RULES[rule](text)
    return text
