"""This small program copies blocks from its standard input to its standard output.

When a process is killed, the kernel may cut its current write in the middle of a line. This
process survives its parent and writes every block that it has received completely. Each block
follows its size in eight bytes. It imports nothing of dixtill, so that it starts quickly.
"""

import os
import signal
import sys

SIZE_BYTES = 8
_INPUT, _OUTPUT = 0, 1


def main() -> int:
    """Write until the input ends; return the errno of a failed write, or 0."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # it ends when its parent closes the pipe
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    with os.fdopen(_INPUT, "rb") as blocks:
        while len(head := blocks.read(SIZE_BYTES)) == SIZE_BYTES:
            size = int.from_bytes(head, "little")
            block = blocks.read(size)
            if len(block) < size:  # the sender was killed
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
    except OSError:  # a full disk may have taken part of the block
        os.ftruncate(_OUTPUT, size_before)
        raise


if __name__ == "__main__":
    sys.exit(main())
