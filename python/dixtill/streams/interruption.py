"""SIGINT and SIGTERM: what has been read is answered and written, then the run ends.

A signal that is ignored, as under nohup, stays ignored. Python lets the main thread alone handle
signals; elsewhere a run goes on to its end.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 1.0  # seconds: `timeout` and terminals may send a signal twice at once


class Stopped(Exception):
    """A signal came while something was waited for."""


class Interruption:
    """While entered, a first signal is noted, and only a later one is obeyed at once."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._noted_at = 0.0
        self._is_waiting = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # None is the handler of a program that Python is part of.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.signal is None:
            self.signal, self._noted_at = signal.Signals(number), monotonic()
            if self._is_waiting:  # perhaps for ever
                raise Stopped
        elif monotonic() - self._noted_at > _PATIENCE:
            raise KeyboardInterrupt

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Inside, what may last for ever, such as opening a pipe, ends with a signal.

        Raises:
            Stopped: one came.
        """
        try:
            self._is_waiting = True
            yield
        finally:
            self._is_waiting = False

    def read(self, read: Callable[[int], bytes], size: int) -> bytes | None:
        """What `read(size)` gives, or none once there was a signal."""
        try:
            try:
                self._is_waiting = True
                return None if self.signal else read(size)
            finally:
                self._is_waiting = False
        except Stopped:
            return None
