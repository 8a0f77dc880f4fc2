"""Convert values to text or JSON, and text to UTF-8."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from ..escapes import escape_json
from ..strings import without_surrogates


def utf8_of(text: str) -> bytes:
    """Encode text as UTF-8, with U+FFFD for each lone surrogate, which UTF-8 cannot encode."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return without_surrogates(text).encode()


def as_text(value: Any) -> str | None:
    """Return a value as the text of a cell: text and None as they are, anything else as JSON."""
    if isinstance(value, float):  # JSON would turn NaN and infinities into null
        return str(value)
    return value if value is None or isinstance(value, str) else as_json(value)


def json_utf8(value: Any) -> bytes:
    """Return a value as JSON in UTF-8, with terminal control characters escaped."""
    return escape_json(utf8_of(as_json(value)))


def as_json(value: Any) -> str:
    """Return a value as JSON on one line, without escapes for non-ASCII characters.

    NaN and infinities become null. Values of other types, such as dates, become strings.
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
