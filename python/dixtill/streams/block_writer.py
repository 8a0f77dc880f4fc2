"""A program of its own: writes the blocks that come by its standard input to its standard output.

A kernel cuts off the write of a process that is killed, in the middle of a line, but not that of
another process: what has come whole is written whole. Each block is preceded by its size in eight
bytes. Imports nothing of dixtill, to be there at once.
"""

import os
import signal
import sys

SIZE_BYTES = 8
_INPUT, _OUTPUT = 0, 1


def main() -> int:
    """Write until the input ends; the exit code is the number of the system's error, if any."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # it ends when whoever feeds it does
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    with os.fdopen(_INPUT, "rb") as blocks:
        while len(head := blocks.read(SIZE_BYTES)) == SIZE_BYTES:
            size = int.from_bytes(head, "little")
            block = blocks.read(size)
            if len(block) < size:  # its sender was killed
                break
            try:
                _write(block)
            except OSError as error:
                return error.errno or 1
    return 0


def _write(block: bytes) -> None:
    size_before = os.fstat(_OUTPUT).st_size
    rest = memoryview(block)
    try:
        while rest:
            rest = rest[os.write(_OUTPUT, rest) :]
    except OSError:  # a full disk takes a part
        os.ftruncate(_OUTPUT, size_before)
        raise


if __name__ == "__main__":
    sys.exit(main())
