"""Values as text and text as UTF-8."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from ..escapes import escape_json
from ..strings import without_surrogates


def utf8_of(text: str) -> bytes:
    """UTF-8, with U+FFFD for each lone surrogate, which it has no bytes for."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return without_surrogates(text).encode()


def as_text(value: Any) -> str | None:
    """A value as a cell of text: what is neither text nor missing, as JSON."""
    if isinstance(value, float):  # an infinite one too, of which a cell can tell
        return str(value)
    return value if value is None or isinstance(value, str) else as_json(value)


def json_utf8(value: Any) -> bytes:
    """A value as JSON in UTF-8, with escapes for what a terminal obeys instead of showing it."""
    return escape_json(utf8_of(as_json(value)))


def as_json(value: Any) -> str:
    """On one line, any character as itself; what JSON has no values for, such as dates, as text.

    NaN and infinities become null.
    """
    try:
        return _encode(value)
    except ValueError:
        return _encode(_with_finite_numbers(value))


_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False
).encode


def _with_finite_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_finite_numbers(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_finite_numbers(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
