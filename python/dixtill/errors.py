"""The errors that dixtill raises for user mistakes and bad files.

Each message says what was wrong, what was expected and what to do.
"""


class DixtillError(Exception):
    """Base of every error that dixtill raises on purpose."""


class InputError(DixtillError, ValueError):
    """An argument or a data file cannot be used."""


class ModelFileError(DixtillError, OSError):
    """A model file is missing, damaged, foreign or from a newer version."""


class KernelError(DixtillError, ValueError):
    """The requested kernel target is unknown, or this CPU does not support it."""


class MissingExtraError(DixtillError, ImportError):
    """An optional dependency is not installed; the message names the extra to install."""


class NativeModuleError(DixtillError, ImportError):
    """The compiled module is missing or cannot be loaded; the message says how to build it."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type where the message is empty."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def shortened(text: str, length: int = 60) -> str:
    """Return the first `length` characters of a text, followed by dots if it is longer.

    >>> shortened("shares jump", 6)
    'shares...'
    """
    return text if len(text) <= length else f"{text[:length]}..."
