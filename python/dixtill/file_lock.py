"""Open files that hold a lock for as long as this process lives, and no longer.

A lock of `flock` is the open file's, and children of fork have the same open files: one that
outlived its parent would keep the lock. So they close theirs.
"""

from __future__ import annotations

import os


class LockFile:
    """An open file with a lock on it, which a child of fork neither keeps nor closes twice."""

    def __init__(self, descriptor: int) -> None:
        """Take over an open file."""
        self.descriptor = descriptor
        self._is_open = True
        _OPEN.add(self)

    def close(self) -> None:
        """Close the file, and so give the lock up, unless that was done before."""
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
