"""Keeps an Optuna journal that changes a generation at a time, or not at all.

Optuna's own file backend appends a line for each value of a trial, so a killed search could leave
half a trial. Here lines are collected in memory, and `commit` replaces the file by all of them. The
file is one that `JournalFileBackend` reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from ..errors import InputError
from ..whole_file import write_whole


class WholeJournal(BaseJournalBackend):
    """A journal whose file is written as a whole; one process may use it at a time."""

    def __init__(self, path: Path) -> None:
        """Read the file, if it exists; raise InputError if it is damaged."""
        self._path = path
        content = path.read_bytes() if path.exists() else b""
        try:
            self._logs: list[dict[str, Any]] = [
                dict(json.loads(line)) for line in content.splitlines()
            ]
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{path} is damaged, so what the search has proposed is unknown; choose another "
                "folder"
            ) from error

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """Return the records from a number on."""
        return self._logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add records, which `commit` will write."""
        self._logs += json.loads(json.dumps(logs))

    def commit(self) -> None:
        """Write all records."""
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in self._logs)
        write_whole(self._path, lines.encode())
