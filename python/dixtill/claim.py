"""Folders that say what their files were made of, and that one process at a time works in.

What was made before is only used again by a run that would make the same. So a folder is claimed
before anything is made: a JSON file in it names everything that its files depend on, and a run that
depends on anything else is refused.
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

_SHOWN = 5  # names of what differs


@dataclass(frozen=True)
class ClaimFile:
    """The JSON file in which folders of one kind say what they hold."""

    name: str
    what: str  # a folder of the kind is, such as "an unfinished run"
    advice: str  # what to do about a folder that is refused
    files: tuple[str, ...] = ("*",)  # patterns of those that depend on what is claimed
    differs: str = "with another"  # between `what` and the names of what differs

    def claim(
        self, folder: Path, made_of: Mapping[str, Any], remarks: Mapping[str, Any] | None = None
    ) -> None:
        """Write down what the files of a folder are made of, or check that it is as before.

        While no file depends on it, an earlier claim is replaced.

        Args:
            folder: made if need be.
            made_of: all that the files depend on, as JSON holds it.
            remarks: more to write down, which may change.

        Raises:
            InputError: the files that are there were made of something else, or nothing says of
                what.
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
        """Whether there are any that were meant to stay; a killed process leaves temporary ones."""
        found = (path for pattern in self.files for path in folder.glob(pattern))
        return any(not is_temporary(path) and path.name != self.name for path in found)

    def _read(self, folder: Path) -> dict[str, Any]:
        path = folder / self.name
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise InputError(
                f"{folder} holds files of something else, not {self.what}: {self.name} is missing; "
                f"{self.advice}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{path} is damaged, so that nothing says what {folder} holds; {self.advice}"
            ) from error
        return content if isinstance(content, dict) else {}


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder, made if need be, until the context ends.

    The lock is the operating system's, so that it ends with its process, however that ends.

    Raises:
        InputError: another process, or another part of this one, works in the folder.
    """
    lock = _locked(folder)
    try:
        yield
    finally:
        if lock is not None:
            lock.close()


def make_folder(folder: Path) -> None:
    """Make a folder unless it exists.

    Raises:
        InputError: there is a file in its place.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        if isinstance(error, FileExistsError) and not os.path.lexists(folder):
            make_folder(folder)  # another process has just removed it
            return
        raise InputError(f"{folder} cannot be a folder: there is a file in its place") from error


def _locked(folder: Path) -> LockFile | None:
    """The open folder, locked; None where there are no locks."""
    while fcntl is not None:
        make_folder(folder)
        try:
            lock = LockFile(os.open(folder, os.O_RDONLY))
        except FileNotFoundError:  # whoever held it has finished, and removed it
            continue
        try:
            fcntl.flock(lock.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock.descriptor), os.stat(folder)):
                return lock
        except BlockingIOError as error:
            lock.close()
            raise InputError(
                f"another process works in {folder}; wait until it has ended, or choose another "
                "folder"
            ) from error
        except FileNotFoundError:  # it was removed before it was locked
            pass
        except OSError:  # a file system without locks
            return lock
        lock.close()
    make_folder(folder)
    return None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
