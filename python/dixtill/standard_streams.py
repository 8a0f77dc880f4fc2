"""Standard streams, which may be missing: in services, under pythonw, after `>&-` in a shell."""

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
    """Whether a stream is there and takes or gives anything."""
    return stream is not None and not getattr(stream, "closed", False)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is there and is a terminal; what takes its place may lack `isatty`."""
    return stream is not None and is_open(stream) and hasattr(stream, "isatty") and stream.isatty()


def standard_input() -> TextIO:
    """Standard input.

    Raises:
        InputError: it is closed.
    """
    if not is_open(sys.stdin):
        raise InputError("standard input is closed; name a file, or open it")
    return sys.stdin


def standard_output() -> TextIO:
    """Standard output, for answers that must not be lost.

    Raises:
        InputError: it is closed.
    """
    if not is_open(sys.stdout) or sys.stdout is _discarding:
        raise InputError("standard output is closed; name a file by --output, or open it")
    return sys.stdout


def say(text: str, end: str = "\n") -> None:
    """Print to standard error at once; where nobody can read that, nothing happens."""
    if is_open(sys.stderr):  # else print would write to standard output
        try:
            print(text, end=end, file=sys.stderr, flush=True)
        except OSError:
            discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Let nothing more come of a stream that failed, not even when the interpreter ends."""
    with suppress(OSError, ValueError, AttributeError):
        number = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)


@contextmanager
def printable_streams() -> Iterator[None]:
    """Inside, printing works: what would go to a stream that is closed is discarded.

    The file numbers of closed streams are taken, or the next file that is opened would get one of
    them, and with it the warnings of libraries.
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
