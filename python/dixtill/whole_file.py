"""Write files atomically, and check before long work that its output can be written.

A file is written under a temporary name beside its target, then renamed. Its writer holds a lock
on the temporary file while it lives, on whatever machine. A temporary file that can be locked was
left by a dead process, and the next writer of the same target removes it. On systems without such
locks, such as Windows, nothing is removed.
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

_BEGIN, _END = ".dixtill-", ".tmp"  # temporary names; between them is a hash of the target's name
_ABANDONED_SECONDS = 3600  # some network file systems do not share locks between machines

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a disk"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a link to nothing"),
)

# An input of a command: the path of a file or folder, or a file descriptor.
Input = str | os.PathLike[str] | int


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically, as `replacing` does."""
    with replacing(path) as temporary, naming(path), temporary.open("wb") as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of an empty temporary file, which replaces `path` at the end of the context.

    If `path` exists, its permissions and, where allowed, its owner are kept; otherwise the umask
    decides. If `path` is a symbolic link, its target is replaced.

    Raises:
        InputError: `path` exists but is not a regular file, or is write-protected.
        OSError: writing failed; `path` is unchanged.
    """
    target = _target_of(path)
    with naming(path):
        temporary, lock = _temporary_beside(target)
    try:
        yield temporary
        with naming(path):
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            if fcntl is None:  # Windows cannot rename an open file
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
    """Raise, before long work, if `replacing` could not write `path` afterwards.

    Args:
        path: the file to be written.
        inputs: what is read to make it; None and paths that do not exist are ignored.

    Raises:
        InputError: `path` exists but is not a regular file, is write-protected, is an input or
            lies in one, or its folder does not exist.
        OSError: its folder cannot be written to.
    """
    path = Path(path)
    if str(path) == "-":
        raise InputError("this output cannot go to -; name a file, which is written as a whole")
    target = _target_of(path)
    check_not_input(path, inputs)
    if not target.parent.is_dir():
        raise InputError(f"{path.parent} is not a folder, so {path.name} cannot be written there")
    _check_writable(target.parent, path)


def check_stream(path: str | os.PathLike[str], inputs: Iterable[Input | None] = ()) -> None:
    """Raise, before long work, if lines could not be written to `path` one by one.

    Lines can go to a regular file, which they overwrite, to a named pipe or to a terminal.

    Raises:
        InputError: `path` is a folder, a disk or a socket, or it is an input or lies in one.
    """
    check_not_input(path, inputs)
    try:
        state = os.stat(path)
    except OSError:  # opening it will raise the error
        return
    if stat.S_ISDIR(state.st_mode):
        raise InputError(f"{os.fspath(path)} is a folder; name a file in it")
    if stat.S_ISBLK(state.st_mode) or stat.S_ISSOCK(state.st_mode):
        raise InputError(
            f"{os.fspath(path)} is {_kind_of(state)}, expected a file, a named pipe or a terminal"
        )


def check_folder(path: str | os.PathLike[str], inputs: Iterable[Input | None] = ()) -> None:
    """Raise, before long work, if files could not be written into a folder, which may be new.

    Raises:
        InputError: `path` exists but is not a folder, or it is an input or lies in one.
        OSError: the folder cannot be written to.
    """
    path = Path(path)
    check_not_input(path, inputs)
    nearest = path
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    if not nearest.is_dir():
        kind = "a file" if nearest.is_file() else _kind_of(os.lstat(nearest))
        raise InputError(f"{nearest} is {kind}, expected a folder; name a folder to write to")
    _check_writable(nearest, path)


def check_not_input(output: Input, inputs: Iterable[Input | None]) -> None:
    """Raise InputError if an output is an input, under any name, or lies in an input folder."""
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
                f"{name} is in {os.fspath(given)}, whose files are read; choose another output"
            )


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Make system errors name `path` instead of a temporary file or nothing."""
    try:
        yield
    except OSError as error:
        is_named = error.filename is not None and not is_temporary(Path(error.filename))
        if error.errno is None or is_named:
            raise
        raise OSError(error.errno, os.strerror(error.errno), os.fspath(path)) from None


def is_temporary(path: Path) -> bool:
    """Return whether a file has a temporary name, as `replacing` gives them."""
    return path.name.startswith(_BEGIN) and path.name.endswith(_END)


def remove_abandoned(folder: Path) -> None:
    """Remove temporary files of dead processes that are more than an hour old."""
    for path in folder.glob(f"{_BEGIN}*{_END}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                _remove_dead(path)


def _kind_of(state: os.stat_result) -> str:
    """Say what kind of special file this is, or that it has no name."""
    return next((kind for is_one, kind in _KINDS if is_one(state.st_mode)), "a file without a name")


def _target_of(path: Path) -> Path:
    """Return the path of the file that writing to `path` replaces or creates.

    Raises:
        InputError: the file cannot be replaced.
    """
    target = Path(os.path.realpath(path))
    try:
        state = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return target
    if stat.S_ISDIR(state.st_mode):
        raise InputError(f"{path} is a folder; name a file in it")
    # If standard output is a deleted file, /dev/stdout resolves to a name that is gone.
    if not stat.S_ISREG(state.st_mode) or not target.exists():
        raise InputError(
            f"{path} is {_kind_of(state)}, which cannot be replaced; name a regular file"
        )
    if not os.access(target, os.W_OK):
        raise InputError(f"{path} is write-protected; choose another name, or make it writable")
    return target


def _temporary_beside(target: Path) -> tuple[Path, LockFile]:
    """Create an empty file in the target's folder; return its path and its lock."""
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
    """Lock a new file; return False if another process has already removed it as abandoned."""
    if fcntl is None:
        return True
    with suppress(OSError):  # on a file system without locks, no other process can lock it either
        fcntl.flock(file, fcntl.LOCK_EX)
    return os.fstat(file).st_nlink > 0


def _remove_dead(temporary: Path) -> None:
    """Remove a temporary file unless its writer lives.

    Raises:
        OSError: its writer lives, or the file is gone or cannot be removed.
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
    """Return the permissions for a new file: never wider than those of the file it replaces."""
    try:
        return stat.S_IMODE(target.stat().st_mode) & 0o777
    except (FileNotFoundError, NotADirectoryError):
        return 0o666  # the system applies the umask


def _inherit(file: int, target: Path) -> None:
    """Copy the owner and permissions of the file that is replaced, if it exists."""
    try:
        state = target.stat()
    except FileNotFoundError:
        return
    if fcntl is not None:
        with suppress(PermissionError):
            os.fchown(file, state.st_uid, state.st_gid)
        os.fchmod(file, stat.S_IMODE(state.st_mode))


def _check_writable(folder: Path, path: Path) -> None:
    """Create and remove a file: permissions alone do not reveal a full or read-only disk."""
    with naming(path):
        probe = folder / f"{_BEGIN}probe-{secrets.token_hex(8)}{_END}"
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        probe.unlink()


def _is_same(one: Input, other: Input) -> bool:
    """Return whether two names are one file or folder; character devices are never the same."""
    try:
        state = os.stat(one)
        return os.path.samestat(state, os.stat(other)) and not stat.S_ISCHR(state.st_mode)
    except OSError:  # one of them does not exist
        return False
