"""Read lines from a file or standard input as they arrive, decompressing gzip.

A block of lines is what one read returns: 256 KiB of a file, or what a pipe holds at the moment, so
that a line written to a pipe is answered at once. Memory is bounded: of a line longer than
LARGEST_ROW, only the beginning is kept.
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
_GZIP_MARK = b"\x1f\x8b"  # not UTF-8: 0x8b cannot follow 0x1f there
_MARKS = (_UTF8_MARK, *_UTF16_MARKS, _GZIP_MARK)

Read = Callable[[int], bytes]


class Stopped(Exception):
    """A signal arrived during a wait."""


class Interruption(Protocol):
    """Ends reading when a signal arrives."""

    signal: Signals | None

    def read(self, file: io.BufferedReader, size: int) -> bytes:
        """Return `file.read1(size)`.

        Raises:
            Stopped: a signal arrived; nothing was read.
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
        self.num_read = 0  # bytes read from the file, before decompression

    @property
    def is_stopped(self) -> bool:
        """Whether a signal ended the reading early."""
        return self._interruption.signal is not None

    def line_blocks(self) -> Iterator[list[bytes]]:
        """Yield blocks of lines with their ends: LF, CR LF or CR.

        A line that a signal cut off is left out.

        Raises:
            InputError: the input cannot be read, its gzip data are damaged, or it is UTF-16.
        """
        rest: list[bytes] = []
        size = 0
        held = b""  # a CR at the end of a chunk: the next one may begin with its LF
        for chunk in self._chunks():
            chunk = held + chunk
            held = b"\r" if chunk.endswith(b"\r") else b""
            chunk = chunk.removesuffix(b"\r")
            end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
            if end:
                yield _lines_of(b"".join((*rest, chunk[:end])))
                rest, size = [], 0
            if size <= header.LARGEST_ROW:  # keep just enough to see that a line is too large
                rest.append(chunk[end:])
                size += len(chunk) - end
        last = b"".join((*rest, held))
        if last and not self.is_stopped:
            yield [last]

    def _chunks(self) -> Iterator[bytes]:
        """Yield the content, decompressed and without a byte order mark."""
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
        """Return the first chunk, waiting for more if it is only the beginning of a mark."""
        head = self._read_some() or b""
        while any(len(head) < len(mark) and mark.startswith(head) for mark in _MARKS) and head:
            more = self._read_some()
            if not more:
                break
            head += more
        return head

    def _read_some(self) -> bytes | None:
        """Return the next chunk: empty at the end, None after a signal."""
        try:
            return self._read(_CHUNK)
        except Stopped:
            return None
        except (EOFError, zlib.error) as error:
            raise self._damaged(error) from error
        except OSError as error:
            if error.strerror is None:  # raised by gzip, not by the system
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
    return io.BytesIO(content).readlines()  # same lines, much faster


class _Joined:
    """A file for GzipFile: `head`, then what `read` returns, without waiting for full reads."""

    def __init__(self, head: bytes, read: Read) -> None:
        self._head = io.BytesIO(head)
        self._read = read

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes."""
        return self._head.read(size) or self._read(size)


def _is_utf16(head: bytes) -> bool:
    """Return whether the input begins with a UTF-16 mark or with two ASCII letters in UTF-16."""
    zeros = [byte == 0 for byte in head[:4]]
    return head.startswith(_UTF16_MARKS) or zeros in ([False, True] * 2, [True, False] * 2)


@contextmanager
def opened(path: str) -> Iterator[io.BufferedReader]:
    """Open a file, or give standard input, which is not closed.

    Raises:
        InputError: the file cannot be opened.
    """
    if path == STANDARD:
        yield cast(io.BufferedReader, standard_input().buffer)
        return
    try:
        file = open(path, "rb")  # noqa: SIM115  # a with block would catch its body's errors too
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read {path}: {reason}") from error
    with file:
        yield file


def state_of(file: BinaryIO) -> os.stat_result | None:
    """Return the status of an open file, or None if it has no descriptor, such as a StringIO."""
    try:
        return os.fstat(file.fileno())
    except OSError:
        return None


def is_regular(state: os.stat_result | None) -> bool:
    """Return whether a status is that of a regular file, not of a pipe or a terminal."""
    return state is not None and stat.S_ISREG(state.st_mode)
