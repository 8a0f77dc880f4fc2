"""The bytes of a file or of standard input as they come, decompressed and cut into lines.

A block of lines is what one read gives: of a file a quarter of a megabyte, of a pipe what is in
it, so that a line that is written to a pipe is answered at once. Memory is bounded: of a line that
is larger than LARGEST_ROW only a part is kept.
"""

from __future__ import annotations

import io
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from gzip import GzipFile
from signal import Signals
from typing import BinaryIO, Protocol, cast

from ..errors import InputError
from ..standard_streams import standard_input
from . import header

STANDARD = "-"  # the name of standard input and output
_CHUNK = 1 << 18
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_GZIP_MARK = b"\x1f\x8b"  # the second byte of which UTF-8 cannot have there
_MARKS = (_UTF8_MARK, *_UTF16_MARKS, _GZIP_MARK)

Read = Callable[[int], bytes]


class Stopped(Exception):
    """A signal came while something was waited for."""


class Interruption(Protocol):
    """Ends reading when a signal comes."""

    signal: Signals | None

    def read(self, file: io.BufferedReader, size: int) -> bytes:
        """What `file.read1(size)` gives.

        Raises:
            Stopped: there was a signal; nothing has been read.
        """


class _Uninterrupted:
    signal: Signals | None = None

    def read(self, file: io.BufferedReader, size: int) -> bytes:
        return file.read1(size)


class Source:
    """An input of lines."""

    def __init__(
        self, file: io.BufferedReader, name: str, interruption: Interruption | None = None
    ) -> None:
        self._file = file
        self._name = name
        self._interruption = interruption or _Uninterrupted()
        self._read: Read = self._read_file
        self.num_read = 0  # bytes of the file

    @property
    def is_stopped(self) -> bool:
        """Whether a signal ended it before its end."""
        return self._interruption.signal is not None

    def line_blocks(self) -> Iterator[list[bytes]]:
        """The lines with their ends: LF, CR LF or CR. One that a signal cut off is left out.

        Raises:
            InputError: it cannot be read, its gzip data are damaged, or it is UTF-16.
        """
        rest: list[bytes] = []
        size = 0
        held = b""  # a CR, which may be the first half of a line's end
        for chunk in self._chunks():
            chunk = held + chunk
            held = b"\r" if chunk.endswith(b"\r") else b""
            chunk = chunk.removesuffix(b"\r")
            end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
            if end:
                yield _lines_of(b"".join((*rest, chunk[:end])))
                rest, size = [], 0
            if size <= header.LARGEST_ROW:  # so that a line that is too large can be told
                rest.append(chunk[end:])
                size += len(chunk) - end
        last = b"".join((*rest, held))
        if last and not self.is_stopped:
            yield [last]

    def _chunks(self) -> Iterator[bytes]:
        """What it holds, decompressed, without a byte order mark."""
        head = self._head()
        if head.startswith(_GZIP_MARK):
            compressed = cast(BinaryIO, _Joined(head, self._read_file))
            self._read = GzipFile(fileobj=compressed, mode="rb").read1
            head = self._head()
        if _is_utf16(head):
            raise InputError(f"{self._name} is UTF-16 text, expected UTF-8; save it as UTF-8")
        chunk: bytes | None = head.removeprefix(_UTF8_MARK) or (head and self._read_some())
        while chunk:
            yield chunk
            chunk = self._read_some()

    def _head(self) -> bytes:
        """The first chunk. A pipe may cut a mark: where one begins, wait for the rest of it."""
        head = self._read_some() or b""
        while any(len(head) < len(mark) and mark.startswith(head) for mark in _MARKS) and head:
            more = self._read_some()
            if not more:
                break
            head += more
        return head

    def _read_some(self) -> bytes | None:
        """The next chunk, empty at the end; None once there was a signal."""
        try:
            return self._read(_CHUNK)
        except Stopped:
            return None
        except (EOFError, zlib.error) as error:
            raise self._damaged(error) from error
        except OSError as error:
            if error.strerror is None:  # of gzip, not of the system
                raise self._damaged(error) from error
            raise InputError(f"cannot read {self._name}: {error.strerror}") from error

    def _damaged(self, error: Exception) -> InputError:
        return InputError(f"{self._name}: its gzip data are damaged or cut off: {error}")

    def _read_file(self, size: int) -> bytes:
        chunk = self._interruption.read(self._file, size)
        self.num_read += len(chunk)
        return chunk


def _lines_of(content: bytes) -> list[bytes]:
    if b"\r" in content:
        return content.splitlines(keepends=True)
    return io.BytesIO(content).readlines()  # the same, in a fraction of the time


class _Joined:
    """A file for GzipFile: some bytes, then what comes, without waiting for as much as asked."""

    def __init__(self, head: bytes, read: Read) -> None:
        self._head = io.BytesIO(head)
        self._read = read

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        return self._head.read(size) or self._read(size)


def _is_utf16(head: bytes) -> bool:
    """Whether it begins as UTF-16 does: with its mark, or with Latin letters of two bytes each."""
    zeros = [byte == 0 for byte in head[:4]]
    return head.startswith(_UTF16_MARKS) or zeros in ([False, True] * 2, [True, False] * 2)


@contextmanager
def opened(path: str) -> Iterator[io.BufferedReader]:
    """A file, or standard input, which stays open.

    Raises:
        InputError: it cannot be opened.
    """
    if path == STANDARD:
        yield cast(io.BufferedReader, standard_input().buffer)
        return
    try:
        file = open(path, "rb")  # noqa: SIM115  # errors of what is done with it are others
    except (OSError, ValueError) as error:  # a NUL in its name
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read {path}: {reason}") from error
    with file:
        yield file


def state_of(file: BinaryIO) -> os.stat_result | None:
    """The system's status of an open file; None where the system does not know the file."""
    try:
        return os.fstat(file.fileno())
    except OSError:
        return None


def is_regular(state: os.stat_result | None) -> bool:
    """Whether it is a file on a disk, not a pipe or a terminal."""
    return state is not None and stat.S_ISREG(state.st_mode)
