"""Write blocks of whole lines: to a file through a separate process, to a pipe or a terminal."""

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
    """Open the file `path`, which is emptied, or standard output for writing blocks.

    Raises:
        InputError: standard output is closed.
        OSError: the output cannot be written.
        Stopped: a signal arrived before the other end of a named pipe was opened.
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
    if not is_regular(state_of(file)):  # the reader of a pipe sees that its last line is cut
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
    """Sends blocks to a process that runs block_writer.py."""

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
        """Wait until everything is written.

        Raises:
            OSError: a block could not be written.
        """
        try:
            self._process.communicate()
        except BrokenPipeError:  # the exit code says why
            self._process.wait()
        code = self._process.returncode
        if code > 0:
            raise OSError(code, os.strerror(code), self._name)
        if code < 0:
            raise OSError(f"{self._name}: the process that writes it was killed by signal {-code}")
