"""Where blocks of whole lines go: a file, by a process of its own, or a pipe or a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from ..standard_streams import standard_output
from ..tables.source import STANDARD, is_regular, state_of
from ..whole_file import naming
from . import block_writer
from .interruption import Interruption

Sink = Callable[[bytes], None]


@contextmanager
def open_sink(path: str, interruption: Interruption) -> Iterator[Sink]:
    """Takes blocks for the file `path`, which is emptied, or for standard output.

    Raises:
        InputError: it is standard output, and that is closed.
        OSError: it cannot be written.
        Stopped: a signal came while nobody had opened the other end of a pipe.
    """
    if path == STANDARD:
        with _sink_of(standard_output().buffer, "standard output") as sink:
            yield sink
        return
    with ExitStack() as stack:
        with interruption.waiting():
            file = stack.enter_context(open(path, "wb", buffering=0))
        yield stack.enter_context(_sink_of(file, path))


@contextmanager
def _sink_of(file: BinaryIO, name: str) -> Iterator[Sink]:
    if not is_regular(state_of(file)):  # a pipe has a reader, who sees where it was cut
        yield lambda block: _write_all(file, block, name)
        return
    file.flush()
    writer = _BlockWriter(file, name)
    try:
        yield writer.write
    finally:
        writer.close()


def _write_all(file: BinaryIO, block: bytes, name: str) -> None:
    rest = memoryview(block)
    with naming(name):
        while rest:
            rest = rest[file.write(rest) :]
        file.flush()


class _BlockWriter:
    """The other end of block_writer.py."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", block_writer.__file__],
            stdin=subprocess.PIPE, stdout=file, start_new_session=True,
        )  # fmt: skip

    def write(self, block: bytes) -> None:
        pipe = self._process.stdin
        assert pipe
        try:
            pipe.write(len(block).to_bytes(block_writer.SIZE_BYTES, "little"))
            pipe.write(block)
            pipe.flush()
        except BrokenPipeError:
            self.close()
            raise OSError(f"{self._name}: the process that writes it has ended") from None

    def close(self) -> None:
        """Wait until all is written.

        Raises:
            OSError: something was not.
        """
        try:
            self._process.communicate()
        except BrokenPipeError:  # its exit code says why
            self._process.wait()
        code = self._process.returncode
        if code > 0:
            raise OSError(code, os.strerror(code), self._name)
        if code < 0:
            raise OSError(f"{self._name}: the process that writes it was ended by signal {-code}")
