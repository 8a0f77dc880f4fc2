"""Escape texts and labels for terminals, JSON, Markdown and spreadsheets.

All of these share one definition of an *unsafe* character: one that a terminal or a page obeys
instead of showing it. These are the ASCII and Latin-1 controls, bidirectional embeddings,
overrides and isolates, line and paragraph separators, and surrogates. Joiners, which emoji and
Persian need, and right-to-left marks are safe. runtime/show/html.py escapes HTML.
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
# The characters listed in OWASP's "CSV Injection", and their full-width forms.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def printable(text: str) -> str:
    """Replace each unsafe character by U+FFFD for a terminal, which keeps the length.

    >>> printable("up \\x1b[2J")
    'up �[2J'
    """
    return text if text.isprintable() else text.translate(_SHOWN_FOR)


def escape_json(line: bytes) -> bytes:
    r"""Escape each unsafe character that JSON allows unescaped, in JSON encoded as UTF-8.

    >>> escape_json('"\x9b"'.encode())
    b'"\\u009b"'
    """
    if line.isascii() and b"\x7f" not in line:
        return line
    if line.decode().isprintable():  # quick, and true for most lines
        return line
    return _UNSAFE_UTF8.sub(_escape_character, line)


def _escape_character(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode())


def ascii_json(value: Any) -> str:
    r"""Return a value as JSON on one line of printable ASCII.

    >>> print(ascii_json({"é": "\x7f"}))
    {"\u00e9": "\u007f"}
    """
    return json.dumps(value).replace("\x7f", r"\u007f")


def in_markdown(text: str) -> str:
    r"""Escape text for a paragraph or a table cell in Markdown, so that none of it is markup.

    >>> in_markdown("a|b <c>\n")
    'a\\|b \\<c\\>'
    """
    return _MARKDOWN.sub(r"\\\g<0>", printable(" ".join(text.split())))


def as_code(text: str) -> str:
    """Return a Markdown code span; the text may contain backticks.

    >>> as_code("a`b")
    '`` a`b ``'
    """
    shown = printable(" ".join(text.split()))
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {shown} {fence}" if longest or not shown else f"{fence}{shown}{fence}"


def in_python(text: str) -> str:
    """Return a Python string literal in double quotes and printable ASCII.

    >>> print(in_python('say "up"'))
    "say \\"up\\""
    """
    inside = text.encode("unicode_escape").decode("ascii").replace('"', r"\"")
    return f'"{inside}"'


def guard_formula(cell: str) -> str:
    """Put ' before a CSV cell that a spreadsheet could read as a formula.

    Numbers stay as they are.

    >>> [guard_formula(cell) for cell in ("=1+2", "-0.5", "up")]
    ["'=1+2", '-0.5', 'up']
    """
    if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
