"""SIGINT and SIGTERM: what has been read is answered and written, then the run ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 1.0  # seconds: `timeout` and terminals may send a signal twice at once


class _Stopped(Exception):
    pass


class Interruption:
    """While entered, a first signal is noted, and only a later one is obeyed at once."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._noted_at = 0.0
        self._is_reading = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.signal is None:
            self.signal, self._noted_at = signal.Signals(number), monotonic()
            if self._is_reading:  # perhaps for ever
                raise _Stopped
        elif monotonic() - self._noted_at > _PATIENCE:
            raise KeyboardInterrupt

    def read(self, read: Callable[[int], bytes], size: int) -> bytes | None:
        """What `read(size)` gives, or none once there was a signal."""
        try:
            try:
                self._is_reading = True
                return None if self.signal else read(size)
            finally:
                self._is_reading = False
        except _Stopped:
            return None
