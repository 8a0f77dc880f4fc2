"""Texts and labels on their way out: to a terminal, JSON, Markdown and spreadsheets.

All ways out share one notion of an *unsafe* character: one that a terminal or a page obeys instead
of showing it. They are the controls of ASCII and Latin-1, embeddings, overrides and isolates of
bidirectional text, separators of lines, and surrogates. Joiners, which emoji and Persian need, and
the marks of right-to-left texts are safe. runtime/show/html.py writes HTML.
"""

from __future__ import annotations

import json
import re
from typing import Any

_REPLACEMENT = "\ufffd"
_UNSAFE_RANGES = (
    (0x00, 0x1F), (0x7F, 0x9F), (0x2028, 0x202E), (0x2066, 0x206F), (0xD800, 0xDFFF),
    (0xFFF9, 0xFFFB),
)  # fmt: skip
UNSAFE = frozenset(code for first, last in _UNSAFE_RANGES for code in range(first, last + 1))
"""Code points; csrc/answer/words_json.cpp has the same."""

_SHOWN_FOR = dict.fromkeys(UNSAFE, _REPLACEMENT)
_UNSAFE_UTF8 = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xe2(?:\x80[\xa8-\xae]|\x81[\xa6-\xaf])|\xef\xbf[\xb9-\xbb]"
)
_MARKDOWN = re.compile(r"[\\`*_\[\]<>&|~#$]")
# What OWASP names: "CSV Injection"; and the same characters in their wide forms.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def printable(text: str) -> str:
    """For a terminal: U+FFFD for each unsafe character, so that the length stays the same.

    >>> printable("up \\x1b[2J")
    'up �[2J'
    """
    return text if text.isprintable() else text.translate(_SHOWN_FOR)


def escape_json(line: bytes) -> bytes:
    r"""JSON in UTF-8 with an escape for each unsafe character that JSON takes as it is.

    >>> escape_json('"\x9b"'.encode())
    b'"\\u009b"'
    """
    if line.isascii() and b"\x7f" not in line:
        return line
    if line.decode().isprintable():  # as most lines are, and quicker to tell
        return line
    return _UNSAFE_UTF8.sub(_escape_character, line)


def _escape_character(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode())


def ascii_json(value: Any) -> str:
    r"""JSON on one line, in printable ASCII alone.

    >>> print(ascii_json({"é": "\x7f"}))
    {"\u00e9": "\u007f"}
    """
    return json.dumps(value).replace("\x7f", r"\u007f")


def in_markdown(text: str) -> str:
    r"""For running text in Markdown or a cell of its tables; nothing in it is markup.

    >>> in_markdown("a|b <c>\n")
    'a\\|b \\<c\\>'
    """
    return _MARKDOWN.sub(r"\\\g<0>", printable(" ".join(text.split())))


def as_code(text: str) -> str:
    """A code span of Markdown, whichever backticks it has to hold.

    >>> as_code("a`b")
    '`` a`b ``'
    """
    shown = printable(" ".join(text.split()))
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {shown} {fence}" if longest or not shown else f"{fence}{shown}{fence}"


def in_python(text: str) -> str:
    """A string literal of Python in printable ASCII, in double quotes.

    >>> print(in_python('say "up"'))
    "say \\"up\\""
    """
    inside = text.encode("unicode_escape").decode("ascii").replace('"', r"\"")
    return f'"{inside}"'


def guard_formula(cell: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula: ' is put before one that could be.

    Numbers stay as they are.

    >>> [guard_formula(cell) for cell in ("=1+2", "-0.5", "up")]
    ["'=1+2", '-0.5', 'up']
    """
    if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
