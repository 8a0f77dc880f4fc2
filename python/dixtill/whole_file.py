"""What may be written where, and files that are written whole or not at all.

A file is written under a temporary name beside its target, then renamed. A writer holds a lock on
its temporary file for as long as it lives, on whichever machine: one that can be locked was left by
a process that died, and the next writer of the same target removes it. Where the system has no such
locks, as on Windows, nothing is removed.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from .errors import InputError
from .file_lock import LockFile

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

_BEGIN, _END = ".dixtill-", ".tmp"  # of temporary names; a hash of the target's is in between
_ABANDONED_SECONDS = 3600  # some network file systems keep locks to one machine

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a disk"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a link to nothing"),
)

# What a command reads: the name of a file or folder, or the number of an open file.
Input = str | os.PathLike[str] | int


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path` by one with this content, as `replacing` does."""
    with replacing(path) as temporary, naming(path), temporary.open("wb") as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give an empty file beside `path`, which takes the place of `path` in the end.

    A file that is replaced hands on its permissions and, where that is allowed, its owner; a new
    one gets those of the umask. A symbolic link stays one: what it points to is replaced.

    Raises:
        InputError: `path` is no regular file, or is write-protected.
        OSError: the system cannot write there; `path` is as it was.
    """
    target = _target_of(path)
    with naming(path):
        temporary, lock = _temporary_beside(target)
    try:
        yield temporary
        with naming(path):
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            if fcntl is None:  # Windows moves no open file, and removes none
                lock.close()
            os.replace(temporary, target)
    except BaseException as error:
        lock.close()
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and str(error.filename) == str(temporary):
            error.filename = str(path)
        raise
    finally:
        lock.close()


def check_file(path: str | os.PathLike[str], inputs: Iterable[Input | None] = ()) -> None:
    """Raise, before long work, where a whole file could not be written after it.

    Args:
        path: the file to be written.
        inputs: what is read to make it; None is passed over, and so is what does not exist.

    Raises:
        InputError: `path` is no regular file, is write-protected, is or lies in an input, or its
            folder does not exist.
        OSError: nothing can be written in its folder.
    """
    path = Path(path)
    if str(path) == "-":
        raise InputError("- is no file that can be replaced; name one, which is written as a whole")
    target = _target_of(path)
    check_not_input(path, inputs)
    if not target.parent.is_dir():
        raise InputError(f"{path.parent} is no folder, so {path.name} cannot be written in it")
    _check_writable(target.parent, path)


def check_stream(path: str | os.PathLike[str], inputs: Iterable[Input | None] = ()) -> None:
    """Raise, before long work, where lines could not be written to `path` as they come.

    Lines go to a regular file, of which they take the place, to a named pipe and to a terminal.

    Raises:
        InputError: `path` is a folder, a disk or a socket, or is or lies in an input.
    """
    check_not_input(path, inputs)
    try:
        state = os.stat(path)
    except OSError:  # opening it says why
        return
    if stat.S_ISDIR(state.st_mode):
        raise InputError(f"{os.fspath(path)} is a folder; name a file in it")
    if stat.S_ISBLK(state.st_mode) or stat.S_ISSOCK(state.st_mode):
        raise InputError(
            f"{os.fspath(path)} is {_kind_of(state)}, expected a file, a named pipe or a terminal"
        )


def check_folder(path: str | os.PathLike[str], inputs: Iterable[Input | None] = ()) -> None:
    """Raise, before long work, where files could not be written into a folder, perhaps a new one.

    Raises:
        InputError: `path` is no folder, or is or lies in an input.
        OSError: nothing can be written there.
    """
    path = Path(path)
    check_not_input(path, inputs)
    nearest = path
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    if not nearest.is_dir():
        kind = "a file" if nearest.is_file() else _kind_of(os.lstat(nearest))
        raise InputError(f"{nearest} is {kind}, in which nothing can be written; name a folder")
    _check_writable(nearest, path)


def check_not_input(output: Input, inputs: Iterable[Input | None]) -> None:
    """Raise where an output is one of the inputs, by whichever name, or lies in an input folder.

    Raises:
        InputError: it is, or does.
    """
    for given in inputs:
        if given is None or (isinstance(given, str) and not given):
            continue
        name = "standard output" if isinstance(output, int) else os.fspath(output)
        if _is_same(output, given):
            raise InputError(f"{name} is the input; choose another output")
        if isinstance(output, int) or isinstance(given, int) or not os.path.isdir(given):
            continue
        if Path(output).resolve().is_relative_to(Path(given).resolve()):
            raise InputError(
                f"{name} is in {os.fspath(given)}, whose files are read; choose another"
            )


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """An error of the system says what could not be written: `path`, not a temporary name."""
    try:
        yield
    except OSError as error:
        is_named = error.filename is not None and not is_temporary(Path(error.filename))
        if error.errno is None or is_named:
            raise
        raise OSError(error.errno, os.strerror(error.errno), os.fspath(path)) from None


def is_temporary(path: Path) -> bool:
    """Whether a file's name is one that `replacing` gives, for as long as it is being written."""
    return path.name.startswith(_BEGIN) and path.name.endswith(_END)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files of processes that died an hour ago or more, of any target."""
    for path in folder.glob(f"{_BEGIN}*{_END}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                _remove_dead(path)


def _kind_of(state: os.stat_result) -> str:
    """What is no regular file, or has no name, in words."""
    return next((kind for is_one, kind in _KINDS if is_one(state.st_mode)), "one without a name")


def _target_of(path: Path) -> Path:
    """The file that is replaced, or made, under the name `path`.

    Raises:
        InputError: it cannot be replaced.
    """
    target = Path(os.path.realpath(path))
    try:
        state = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return target
    if stat.S_ISDIR(state.st_mode):
        raise InputError(f"{path} is a folder; name a file in it")
    # Where a deleted file is standard output, /dev/stdout leads to a name that is gone.
    if not stat.S_ISREG(state.st_mode) or not target.exists():
        raise InputError(
            f"{path} is no file that can be replaced but {_kind_of(state)}; name a regular file"
        )
    if not os.access(target, os.W_OK):
        raise InputError(f"{path} is write-protected; choose another name, or make it writable")
    return target


def _temporary_beside(target: Path) -> tuple[Path, LockFile]:
    """A new empty file in the target's folder, and the open file that holds its lock."""
    begin = f"{_BEGIN}{sha256(os.fsencode(target.name)).hexdigest()[:16]}-"
    if fcntl is not None:
        for leftover in target.parent.glob(f"{begin}*{_END}"):
            with suppress(OSError):
                _remove_dead(leftover)
    while True:
        temporary = target.with_name(f"{begin}{secrets.token_hex(8)}{_END}")
        lock = LockFile(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, _mode_of(target)))
        try:
            if _locked(lock.descriptor):
                _inherit(lock.descriptor, target)
                return temporary, lock
        except BaseException:
            lock.close()
            temporary.unlink(missing_ok=True)
            raise
        lock.close()


def _locked(file: int) -> bool:
    """Lock a new file; False where another process took it for a dead one and removed it."""
    if fcntl is None:
        return True
    with suppress(OSError):  # a file system without locks: others cannot lock it either
        fcntl.flock(file, fcntl.LOCK_EX)
    return os.fstat(file).st_nlink > 0


def _remove_dead(temporary: Path) -> None:
    """Remove a temporary file unless its writer lives.

    Raises:
        OSError: its writer does, or it is gone, or cannot be removed.
    """
    if fcntl is None:
        return
    file = os.open(temporary, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        temporary.unlink()
    finally:
        os.close(file)


def _mode_of(target: Path) -> int:
    """The permissions to make a file with: never wider than those of the one it replaces."""
    try:
        return stat.S_IMODE(target.stat().st_mode) & 0o777
    except (FileNotFoundError, NotADirectoryError):
        return 0o666  # without those of the umask


def _inherit(file: int, target: Path) -> None:
    """Take over owner and permissions of the file that is replaced, where there is one."""
    try:
        state = target.stat()
    except FileNotFoundError:
        return
    if fcntl is not None:
        with suppress(PermissionError):
            os.fchown(file, state.st_uid, state.st_gid)
        os.fchmod(file, stat.S_IMODE(state.st_mode))


def _check_writable(folder: Path, path: Path) -> None:
    """Make a file and remove it: permissions do not tell of a full or a read-only disk."""
    with naming(path):
        probe = folder / f"{_BEGIN}probe-{secrets.token_hex(8)}{_END}"
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        probe.unlink()


def _is_same(one: Input, other: Input) -> bool:
    """Whether two names stand for one file or folder; what is no file, such as a terminal, may."""
    try:
        state = os.stat(one)
        return os.path.samestat(state, os.stat(other)) and not stat.S_ISCHR(state.st_mode)
    except OSError:  # one of them does not exist
        return False
