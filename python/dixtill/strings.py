"""Convert subclasses of str to plain str, and remove lone surrogates."""

from __future__ import annotations

plain_str = str.__str__
"""Convert a str of any subclass to a plain str; a subclass may override str() and slices."""

_SURROGATES = "[\ud800-\udfff]"
_REPLACEMENT = "\ufffd"


def has_surrogates(text: str) -> bool:
    """Return whether the text has a lone surrogate, which UTF-8 cannot encode."""
    try:
        text.encode()  # under 1 ms for a million characters; a loop takes 60 ms
    except UnicodeEncodeError:
        return True
    return False


def without_surrogates(text: str) -> str:
    """Replace each lone surrogate by U+FFFD."""
    if not has_surrogates(text):
        return text
    import re  # rarely needed, so `import dixtill` does not load it

    return re.sub(_SURROGATES, _REPLACEMENT, text)
