"""Claim and lock output folders, so that different or concurrent runs never mix their files.

A run may reuse files only if it would make the same ones. So it first claims its folder: a JSON
file there records everything that the folder's files depend on, and a run that depends on anything
else is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import InputError
from .file_lock import LockFile
from .whole_file import is_temporary, write_whole

try:
    import fcntl
except ImportError:  # on Windows, where nothing is locked
    fcntl = None  # type: ignore[assignment]

_SHOWN = 5  # at most so many differing names in a message


@dataclass(frozen=True)
class ClaimFile:
    """The JSON file that records what the files of a folder depend on."""

    name: str
    what: str  # what such a folder holds, such as "an unfinished run"
    advice: str  # what to do if a folder is refused
    files: tuple[str, ...] = ("*",)  # patterns of the files that depend on the claim
    differs: str = "with another"  # in messages, between `what` and the differing names

    def claim(
        self, folder: Path, made_of: Mapping[str, Any], remarks: Mapping[str, Any] | None = None
    ) -> None:
        """Record what the files of a folder depend on, or check it against an earlier claim.

        An earlier claim is replaced if the folder has no files that depend on it.

        Args:
            folder: created if missing.
            made_of: everything that the files depend on, as JSON values.
            remarks: further values to record, which may differ from those of an earlier claim.

        Raises:
            InputError: existing files depend on something else, or their claim is missing or
                damaged.
        """
        make_folder(folder)
        now = json.loads(json.dumps({**made_of, **(remarks or {})}))
        before: dict[str, Any] = {}
        if self._has_files(folder):
            before = self._read(folder)
            differing = [key for key in made_of if key not in before or before[key] != now[key]]
            if differing:
                raise InputError(
                    f"{folder} holds {self.what} {self.differs} {_listed(differing)}; {self.advice}"
                )
        if before != {**before, **now}:
            write_whole(folder / self.name, json.dumps({**before, **now}, indent=1).encode())

    def _has_files(self, folder: Path) -> bool:
        """Return whether any file depends on the claim, leftovers of killed processes aside."""
        found = (path for pattern in self.files for path in folder.glob(pattern))
        return any(not is_temporary(path) and path.name != self.name for path in found)

    def _read(self, folder: Path) -> dict[str, Any]:
        path = folder / self.name
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise InputError(
                f"{folder} holds other files, not {self.what}: {self.name} is missing; "
                f"{self.advice}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{path} is damaged, so the contents of {folder} are unknown; {self.advice}"
            ) from error
        return content if isinstance(content, dict) else {}


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Lock a folder, created if missing, for the duration of the context.

    The operating system releases the lock when the process ends, however it ends.

    Raises:
        InputError: another process, or another call in this one, holds the lock.
    """
    lock = _locked(folder)
    try:
        yield
    finally:
        if lock is not None:
            lock.close()


def make_folder(folder: Path) -> None:
    """Create a folder and its parents unless they exist.

    Raises:
        InputError: a file has the name of the folder or of a parent.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        if isinstance(error, FileExistsError) and not os.path.lexists(folder):
            make_folder(folder)  # another process has just removed it
            return
        raise InputError(f"{folder} cannot be created: a file is in its place") from error


def _locked(folder: Path) -> LockFile | None:
    """Open and lock a folder; return None on systems without locks."""
    while fcntl is not None:
        make_folder(folder)
        try:
            lock = LockFile(os.open(folder, os.O_RDONLY))
        except FileNotFoundError:  # another process has just removed it
            continue
        try:
            fcntl.flock(lock.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock.descriptor), os.stat(folder)):
                return lock
        except BlockingIOError as error:
            lock.close()
            raise InputError(
                f"{folder} is in use; wait until the work in it ends, or choose another folder"
            ) from error
        except FileNotFoundError:  # removed before it was locked
            pass
        except OSError:  # a file system without locks
            return lock
        lock.close()
    make_folder(folder)
    return None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
