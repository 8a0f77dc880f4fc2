"""The bytes of a file or of standard input as they come, cut into lines.

A block of lines is what one read gives: of a file a quarter of a megabyte, of a pipe what is in
it, so that whoever writes a line to a pipe is answered at once.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from .interruption import Interruption

STANDARD = "-"  # the name of standard input and output
_CHUNK = 1 << 18
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Source:
    """An input of lines."""

    def __init__(self, file: io.BufferedReader, interruption: Interruption) -> None:
        self._file = file
        self._interruption = interruption
        self.num_read = 0

    @property
    def is_stopped(self) -> bool:
        """Whether a signal ended it before its end."""
        return self._interruption.signal is not None

    def line_blocks(self) -> Iterator[list[bytes]]:
        """The lines with their ends. One that a signal cut off is left out."""
        rest: list[bytes] = []
        while chunk := self._read():
            end = chunk.rfind(b"\n") + 1
            if end:
                yield io.BytesIO(b"".join((*rest, chunk[:end]))).readlines()
                rest = []
            rest.append(chunk[end:])
        last = b"".join(rest)
        if last and not self.is_stopped:
            yield [last]

    def _read(self) -> bytes | None:
        is_first = not self.num_read
        chunk = self._read_some()
        return self._after_mark(chunk) if is_first and chunk else chunk

    def _after_mark(self, chunk: bytes) -> bytes | None:
        # A pipe may cut the mark: of what begins as one, and of nothing else, wait for the rest.
        while len(chunk) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(chunk):
            more = self._read_some()
            if not more:
                return chunk
            chunk += more
        return chunk.removeprefix(_BYTE_ORDER_MARK) or self._read_some()

    def _read_some(self) -> bytes | None:
        chunk = self._interruption.read(self._file.read1, _CHUNK)
        self.num_read += len(chunk or b"")
        return chunk


@contextmanager
def opened(path: str) -> Iterator[io.BufferedReader]:
    """A file, or standard input, which stays open."""
    if path == STANDARD:
        yield cast(io.BufferedReader, sys.stdin.buffer)
        return
    with open(path, "rb") as file:
        yield file


def state_of(file: BinaryIO) -> os.stat_result | None:
    """What the system knows of an open file; none where it is none."""
    try:
        return os.fstat(file.fileno())
    except OSError:
        return None


def is_regular(state: os.stat_result | None) -> bool:
    """Whether it is a file on a disk, not a pipe or a terminal."""
    return state is not None and stat.S_ISREG(state.st_mode)
