"""End a run after SIGINT or SIGTERM, once what has been read is answered and written.

A signal that is ignored, as under nohup, stays ignored. Python handles signals only in the main
thread; a run in another thread is not interrupted.
"""

from __future__ import annotations

import io
import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Any

from ..tables.source import Stopped, state_of

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 1.0  # seconds: `timeout` and terminals may send the same signal twice


class Interruption:
    """In its context, the first signal is recorded, and only a later one raises at once."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._noted_at = 0.0
        self._is_waiting = False
        self._before: dict[int, Any] = {}
        self._wakeup: _WakeupPipe | None = None

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # None means a handler that a program embedding Python has installed.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._note)
            if os.name == "posix":
                self._wakeup = _WakeupPipe()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._wakeup:
            self._wakeup.close()

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.signal is None:
            self.signal, self._noted_at = signal.Signals(number), monotonic()
            if self._is_waiting:  # the wait may never end
                raise Stopped
        elif monotonic() - self._noted_at > _PATIENCE:
            raise KeyboardInterrupt

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let a signal end an operation that may wait forever, such as opening a pipe.

        Raises:
            Stopped: a signal arrived.
        """
        try:
            self._is_waiting = True
            yield
        finally:
            self._is_waiting = False

    def read(self, file: io.BufferedReader, size: int) -> bytes:
        """Return `file.read1(size)`. A signal ends the wait for data, never the read itself.

        Raises:
            Stopped: a signal arrived; nothing was read.
        """
        if self._wakeup and state_of(file):
            while self.signal is None and not self._wakeup.is_first_ready(file):
                pass
        if self.signal:
            raise Stopped
        if os.name == "posix":
            return file.read1(size)
        with self.waiting():  # Windows can poll only sockets
            return file.read1(size)


class _WakeupPipe:
    """Python writes to this pipe on every signal, so none is missed between a check and a wait."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)

    def close(self) -> None:
        signal.set_wakeup_fd(self._before)
        os.close(self._reading)
        os.close(self._writing)

    def is_first_ready(self, file: io.BufferedReader) -> bool:
        """Wait until `file` has data or ends, or a signal arrives; False after a signal."""
        poll = select.poll()  # select() fails for descriptors above 1,023
        poll.register(file, select.POLLIN)
        poll.register(self._reading, select.POLLIN)
        if self._reading not in dict(poll.poll()):
            return True
        os.read(self._reading, 4096)
        return False
