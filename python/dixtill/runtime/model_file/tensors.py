"""Reads a safetensors file as bytes: checks its header, and gives its tensors as views.

Neither NumPy nor the safetensors package is needed. Limits bound the memory and the time that a
hostile file can take; past the header, it takes no more memory than its own size. loaded.py knows
what the tensors mean.
"""

from __future__ import annotations

import json
from math import prod

from ...errors import InputError
from .source import UnusableFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .shape import Shape
    from .source import BinaryReader

MAX_HEADER_BYTES = 2**20  # Python objects may take 30 times as much memory
MAX_TENSOR_BYTES = 2**30  # all tensors together
_MAX_DIMENSIONS = 2
_MAX_DIGITS = 4300  # of an integer; Python's own limit, which can be switched off
_READ_BYTES = 2**20  # in one go
_LENGTH_BYTES = 8
NUMPY_TYPES = {"U8": "uint8", "I8": "int8", "F32": "float32"}


class TensorFile:
    """A safetensors file, which is read once: first its header, then its tensors."""

    def __init__(self, file: BinaryReader) -> None:
        """Read the header.

        Raises:
            InputError: it is damaged.
            UnusableFileError: the file is not in the safetensors format.
        """
        self._start = _read(file, _LENGTH_BYTES)
        if not self._start:
            raise InputError("is empty")
        num_bytes = int.from_bytes(self._start, "little")
        text = _read(file, min(num_bytes, MAX_HEADER_BYTES) or 1)
        if text[:1] not in (b"{", b""):
            raise UnusableFileError(
                "is not a safetensors file, expected a student that `dixtill distill` wrote"
            )
        if len(text) == MAX_HEADER_BYTES < num_bytes:
            raise UnusableFileError(
                f"has a header of {num_bytes} bytes, expected a student, whose header has at most "
                f"{MAX_HEADER_BYTES}"
            )
        if len(text) < num_bytes:
            num_read = len(self._start) + len(text)
            raise InputError(f"ends inside its header, after {num_read} bytes")
        self._start += text
        self.header = json_object(text, "the header")

    def read_tensors(
        self, file: BinaryReader, types: Mapping[str, str]
    ) -> dict[str, tuple[Shape, memoryview]]:
        """Read the rest of the file, and return the shape and bytes of each tensor.

        The file must hold exactly the tensors named in `types`, of these types, without gap or
        overlap.

        Raises:
            InputError: a tensor is missing, unknown, or not where the header says.
        """
        header = self.header
        _check_types(header, types)
        places = sorted((*_place(name, header[name]), name) for name in types)
        end = 0
        for first, last, name in places:
            if first != end:
                raise InputError(
                    f"the tensors do not fill the file as the header says ('{name}' begins at "
                    f"{first}, expected {end})"
                )
            end = last
        self._data = _read(file, end)
        if len(self._data) < end or _read(file, 1):
            following = "more" if len(self._data) == end else len(self._data)
            raise InputError(
                f"the tensors do not fill the file as the header says (they take {end} bytes, but "
                f"{following} follow the header)"
            )
        view = memoryview(self._data)
        return {
            name: (tuple(header[name]["shape"]), view[first:last]) for first, last, name in places
        }

    @property
    def content(self) -> bytes:
        """The whole file; its tensors must have been read."""
        return self._start + self._data


def _read(file: BinaryReader, num_bytes: int) -> bytes:
    """Read this many bytes, or fewer if the file ends before."""
    parts = []
    while num_bytes > 0:
        part = file.read(min(num_bytes, _READ_BYTES))
        if not part:
            break
        parts.append(part)
        num_bytes -= len(part)
    return b"".join(parts)


def json_object(text: str | bytes, name: str) -> dict[str, Any]:
    """Return the JSON object in `text`, which an error calls `name`.

    Raises:
        InputError: the text is not JSON, or its value is not an object.
    """
    try:
        value = json.loads(text, parse_int=_integer)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is not JSON ({error})") from error
    except RecursionError as error:
        raise InputError(f"{name} is nested too deeply") from error
    if not isinstance(value, dict):
        raise InputError(f"{name} is not a JSON object")
    return value


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:  # the time to read one grows with the square of its length
        raise ValueError(f"an integer has {len(digits)} digits")
    return int(digits)


def _check_types(header: Mapping[str, Any], types: Mapping[str, str]) -> None:
    for name in sorted(types.keys() - header.keys()):
        raise InputError(f"tensor '{name}' is missing")
    for name in sorted(header.keys() - types.keys()):
        raise InputError(f"tensor '{name}' is unknown")
    for name, expected in types.items():
        actual = header[name].get("dtype") if isinstance(header[name], dict) else None
        if actual != expected:
            raise InputError(f"tensor '{name}' has type {actual}, expected {expected}")


def _place(name: str, entry: Mapping[str, Any]) -> tuple[int, int]:
    shape, offsets = _sizes(name, entry, "shape"), _sizes(name, entry, "data_offsets")
    if len(offsets) != 2:
        raise InputError(f"tensor '{name}' has the place {offsets}, expected [first, last]")
    first, last = offsets
    num_bytes = (4 if entry["dtype"] == "F32" else 1) * prod(shape)
    if last - first != num_bytes:
        raise InputError(
            f"tensor '{name}' has {last - first} bytes, expected {num_bytes} for its shape "
            f"{shape}: the tensors do not fill the file as the header says"
        )
    return first, last


def _sizes(name: str, entry: Mapping[str, Any], key: str) -> list[int]:
    sizes = entry.get(key)
    if (
        not isinstance(sizes, list)
        or len(sizes) > _MAX_DIMENSIONS
        or not all(type(n) is int and 0 <= n <= MAX_TENSOR_BYTES for n in sizes)
    ):
        raise InputError(
            f"tensor '{name}' has the {key} {sizes!r}, expected one or two sizes of at most "
            f"{MAX_TENSOR_BYTES}"
        )
    return sizes
