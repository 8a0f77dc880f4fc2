"""Values as text and text as UTF-8."""

from __future__ import annotations

import json
from typing import Any

from ..runtime.prediction import without_surrogates


def utf8_of(text: str) -> bytes:
    """UTF-8, with U+FFFD for each lone surrogate, which it has no bytes for."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return without_surrogates(text).encode()


def as_text(value: Any) -> str | None:
    """A value as a cell of text: what is neither text nor missing, as JSON."""
    return value if value is None or isinstance(value, str) else as_json(value)


def as_json(value: Any) -> str:
    """On one line, any character as itself; what JSON has no values for, such as dates, as text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
