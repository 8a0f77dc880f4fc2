"""Opens a student from a model file, a folder with one, its bytes, an open file, or by its name.

Only this module tells these apart, and names the source in an error when it cannot be used.
"""

from __future__ import annotations

import io
import os
import stat

from ...errors import InputError, ModelFileError, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TypeAlias

    class BinaryReader(Protocol):
        """A source of bytes, such as a file that is open in binary mode."""

        def read(self, num_bytes: int, /) -> bytes | None: ...
        def close(self) -> None: ...

    StudentSource: TypeAlias = (
        str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryReader
    )

_MAX_MESSAGE = 500
STUDENT_FILE = "student.safetensors"  # in a folder, such as one from the Hugging Face hub
_PACKAGE = os.path.join(os.path.dirname(__file__), os.pardir, os.pardir)
SHIPPED_MODEL = os.path.join(os.path.normpath(_PACKAGE), "models", "tfns.safetensors")
# Names of the students that come with dixtill. As long as the default one is a BiLSTM, it has both.
BUNDLED = {"tfns": SHIPPED_MODEL, "tfns-bilstm": SHIPPED_MODEL}


def shipped_student() -> str:
    """Return the model file of the student that ships with dixtill.

    Raises:
        ModelFileError: it is missing.
    """
    if not os.path.exists(SHIPPED_MODEL):
        raise ModelFileError(
            f"{SHIPPED_MODEL}: the student that ships with dixtill is missing from this "
            "installation; install dixtill again, or name another student's file"
        )
    return SHIPPED_MODEL


def file_of(path: str | os.PathLike[str]) -> str:
    """Return `path`; if it is a folder with a student, the file in it.

    Where no student has this path, the name of a bundled student stands for its file.
    """
    inside = os.path.join(path, STUDENT_FILE)
    if os.path.isfile(inside):
        return inside
    name = os.fspath(path)
    is_taken = os.path.lexists(name) and not os.path.isdir(name)
    return BUNDLED[name] if name in BUNDLED and not is_taken else name


def open_student(source: StudentSource) -> BinaryReader:
    """Open a student's model file; the caller closes the result unless it is `source` itself.

    Raises:
        OSError: there is no such file, or it cannot be read.
        UnusableFileError: it is a pipe, a socket or a device.
        TypeError: `source` is of another type, or a file that is open as text.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return io.BytesIO(bytes(source))
    if isinstance(source, (str, os.PathLike)):
        return _open_regular(file_of(source))
    if isinstance(source, io.TextIOBase):
        raise TypeError("the student's file is open as text; open it in binary mode, 'rb'")
    if hasattr(source, "read"):
        return source
    raise TypeError(
        f"the student is of type {type(source).__name__}, expected the path of a file or folder, "
        "bytes, or a file that is open in binary mode"
    )


def _open_regular(path: str) -> BinaryReader:
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    if not stat.S_ISREG(mode):  # opening a pipe would wait for a writer
        raise UnusableFileError(
            "is a pipe, a socket or a device, expected a regular file; copy it to one, or give "
            "dixtill.load the open file or its bytes"
        )
    return open(path, "rb")


class UnusableFileError(InputError):
    """A source is not damaged, but cannot be used; the message says what to do."""


class naming_the_student:
    """Turns errors inside the context into a ModelFileError that names the source and a remedy."""

    def __init__(self, source: StudentSource) -> None:
        self._source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None or isinstance(error, ModelFileError):
            return
        message = _message_of(error)
        if message is not None:
            raise ModelFileError(f"{_name_of(self._source)}: {message}") from error


def _name_of(source: StudentSource) -> str:
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        return path if path.isprintable() and path else repr(path)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "<bytes>"
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<file>"


def _message_of(error: BaseException) -> str | None:
    if isinstance(error, UnusableFileError):
        return str(error)
    if isinstance(error, (InputError, RecursionError)):
        return (
            f"{_in_one_line(str(error))}; the file is damaged (expected a student that `dixtill "
            "distill` wrote): get it again, or write it again"
        )
    if isinstance(error, FileNotFoundError):
        return (
            "there is no such file, expected a student; `dixtill distill` writes one, and these "
            f"come with dixtill: {', '.join(BUNDLED)}"
        )
    if isinstance(error, IsADirectoryError):
        return (
            f"is a folder without a {STUDENT_FILE}, expected a student's .safetensors file; name "
            "the file in it"
        )
    if isinstance(error, (OSError, ValueError)):  # ValueError: a path that no system call accepts
        return (
            f"cannot be read ({reason(error)}), expected a student; check its name and permissions"
        )
    return None


def _in_one_line(message: str) -> str:
    """Shorten and escape a message, which may quote names of any length and any characters."""
    line = message if message.isprintable() else repr(message)[1:-1]
    return shortened(line, _MAX_MESSAGE)


def reason(error: Exception) -> str:
    """Return the operating system's message, without its number."""
    return getattr(error, "strerror", None) or str(error)
