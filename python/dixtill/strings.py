"""Strings of any class and with any code points, made plain str and UTF-8."""

from __future__ import annotations

plain_str = str.__str__
"""The plain str of a str of any class; a subclass may override what str() and slices return."""

_SURROGATES = "[\ud800-\udfff]"
_REPLACEMENT = "\ufffd"


def has_surrogates(text: str) -> bool:
    """Whether the text holds a lone surrogate, which no UTF-8 may hold."""
    try:
        text.encode()  # under 1 ms for a million characters, a loop over which takes 60
    except UnicodeEncodeError:
        return True
    return False


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for each lone surrogate."""
    if not has_surrogates(text):
        return text
    import re  # rarely needed, and not loaded by `import dixtill`

    return re.sub(_SURROGATES, _REPLACEMENT, text)
