"""Use the standard streams safely: services, pythonw and `>&-` in a shell close them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def is_open(stream: TextIO | None) -> bool:
    """Return whether a stream exists and is not closed."""
    return stream is not None and not getattr(stream, "closed", False)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is an open terminal; a replaced sys.stdout may lack `isatty`."""
    return stream is not None and is_open(stream) and hasattr(stream, "isatty") and stream.isatty()


def standard_input() -> TextIO:
    """Return standard input.

    Raises:
        InputError: it is closed.
    """
    if not is_open(sys.stdin):
        raise InputError("standard input is closed; name a file, or open it")
    return sys.stdin


def standard_output() -> TextIO:
    """Return standard output, for answers that must not be lost.

    Raises:
        InputError: it is closed.
    """
    if not is_open(sys.stdout) or sys.stdout is _discarding:
        raise InputError("standard output is closed; name a file with --output, or open it")
    return sys.stdout


def say(text: str, end: str = "\n") -> None:
    """Print to standard error at once; do nothing if it is closed or broken."""
    if is_open(sys.stderr):  # with file=None, print would write to standard output
        try:
            print(text, end=end, file=sys.stderr, flush=True)
        except OSError:
            discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Silence a stream that failed, so that flushing it at exit raises nothing."""
    with suppress(OSError, ValueError, AttributeError):
        number = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)


@contextmanager
def printable_streams() -> Iterator[None]:
    """Make printing to a closed standard stream harmless in the context: discard the output.

    The descriptors 0 to 2 are occupied if they are free. Otherwise the next opened file would get
    one of them, and a library's warnings would be written into it.
    """
    before = sys.stdout, sys.stderr
    if all(map(is_open, before)):
        yield
        return
    global _discarding
    _take_numbers()
    with open(os.devnull, "w", encoding="utf-8") as _discarding:
        sys.stdout, sys.stderr = (one if is_open(one) else _discarding for one in before)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


_discarding: TextIO | None = None


def _take_numbers() -> None:
    while (null := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(null, True)
    os.close(null)
