"""Keeps locked files, whose locks end with this process.

`flock` ties a lock to the open file, which a forked child shares. A child that outlived its parent
would keep the lock, so children close these files right after the fork.
"""

from __future__ import annotations

import os


class LockFile:
    """An open file that carries a lock; forked children close it exactly once."""

    def __init__(self, descriptor: int) -> None:
        """Take ownership of an open file."""
        self.descriptor = descriptor
        self._is_open = True
        _OPEN.add(self)

    def close(self) -> None:
        """Close the file, which releases the lock; do nothing if it is closed already."""
        _OPEN.discard(self)
        if self._is_open:
            self._is_open = False
            os.close(self.descriptor)


_OPEN: set[LockFile] = set()


def _close_all() -> None:
    for file in tuple(_OPEN):
        file.close()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_close_all)
