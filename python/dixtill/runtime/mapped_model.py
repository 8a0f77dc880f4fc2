"""The student's model file, checked and mapped into memory: nothing is copied, no NumPy is needed.

One .safetensors with weights, vocabulary, labels and provenance. Every other file is refused with
a sentence. Computes nothing (classifier.py); model_file.py writes files, and reads them as NumPy.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import zlib
from collections.abc import Mapping
from math import prod

from ..errors import InputError, ModelFileError
from .student_shape import WEIGHTS, Shape, StudentShape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, BinaryIO, NoReturn

FORMAT_VERSION = 3
EXPLANATIONS = ("gates", "contributions", "scores")
CLEANING_RULES = ("urls", "html_entities")
METADATA_KEY = "dixtill"
STUDENT_FILE = "student.safetensors"  # in a folder, such as one from the Hugging Face hub
VOCABULARY = "vocabulary"  # its pieces as UTF-8, joined by line breaks, compressed by zlib
EMBEDDING_Q4 = "embedding_q4"  # in the place of embedding_q8, where 4 bits a value are enough

_TENSOR_TYPES = {VOCABULARY: "U8", **{n: "I8" if n.endswith("_q8") else "F32" for n in WEIGHTS}}
_TENSOR_TYPES_Q4 = {EMBEDDING_Q4: "U8", **_TENSOR_TYPES}
del _TENSOR_TYPES_Q4["embedding_q8"]
_NUMPY_TYPES = {"U8": "uint8", "I8": "int8", "F32": "float32"}
_MAX_HEADER_BYTES = 100_000_000  # safetensors' own limit
_MAX_PIECES = 2**31 - 1
_MAX_VOCABULARY_BYTES = 2**28
_SETTINGS = {
    "lowercase": bool,
    "strip_accents": bool,
    "max_pieces": int,
    "explanation": str,
}


class MappedModel:
    """A model file as `map_model` found it; its buffers are views of the file."""

    labels: tuple[str, ...]  # [C], one name for each row of the head
    cleaning: tuple[str, ...]
    lowercase: bool
    strip_accents: bool
    max_pieces: int
    explanation: str
    provenance: Mapping[str, Any]

    def __init__(self, description: dict[str, Any], tensors: dict[str, tuple[Shape, memoryview]]):
        """Check all but the values of the weights.

        Raises:
            InputError: something is missing, of the wrong type, or does not fit.
        """
        self._tensors = tensors
        self._description = description
        self.shape = StudentShape.of({name: shape for name, (shape, _) in tensors.items()})
        self.embedding_bits = 4 if EMBEDDING_Q4 in tensors else 8
        vars(self).update(_settings(description))
        check_settings(self)
        check_labels(self.labels, self.shape.num_classes)
        pieces = _decompressed(tensors[VOCABULARY][1])
        self.vocabulary = _pieces(pieces)
        self.buffers = {name: view for name, (_, view) in tensors.items()}
        self.buffers[VOCABULARY] = memoryview(pieces)
        check_vocabulary_size(self.vocabulary.count("\n") + 1, self.shape.num_pieces)

    def verify(self) -> None:
        """Raises InputError unless the content has the checksum that the file names."""
        description = {**self._description}
        checksum = description.pop("sha256", None)
        tensors = (
            (name, _NUMPY_TYPES[_types(self._tensors)[name]], shape, view)
            for name, (shape, view) in self._tensors.items()
        )
        if checksum != digest(description, tensors):
            raise InputError(f"the content does not have the checksum {checksum}")


def digest(
    description: Mapping[str, Any], tensors: Iterable[tuple[str, str, Shape, memoryview]]
) -> str:
    """SHA-256 over all that a file says, so that a flipped bit in a weight is noticed.

    Tensors are name, NumPy's name of the type, shape and bytes.
    """
    content = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for name, dtype, shape, view in sorted(tensors, key=lambda tensor: tensor[0]):
        content.update(f"{name} {dtype} {shape}".encode())
        content.update(view)
    return content.hexdigest()


def file_of(path: str | os.PathLike[str]) -> str:
    """`path`, or the student's file in the folder that it is."""
    inside = os.path.join(path, STUDENT_FILE)
    return inside if os.path.isfile(inside) else os.fspath(path)


def map_model(path: str | os.PathLike[str]) -> MappedModel:
    """Map what `write_model` wrote, without a look at the weights: see MappedModel.verify.

    Raises:
        ModelFileError: the file is missing, damaged, foreign or from a newer version.
    """
    path = os.fspath(path)  # a number would be taken for an open file
    with naming_the_file(path), open(file_of(path), "rb") as file:
        return _map(path, file)


class naming_the_file:
    """Turns what goes wrong with a file into a ModelFileError that names it and what to do."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None or isinstance(error, ModelFileError):
            return
        path = self._path or "''"
        if isinstance(error, (InputError, RecursionError)):
            raise ModelFileError(
                f"{path}: {error}; the file is damaged (expected a student of format "
                f"{FORMAT_VERSION}): get it again, or write it again with `dixtill distill`"
            ) from error
        if isinstance(error, FileNotFoundError):
            raise ModelFileError(
                f"{path}: there is no such file, expected a student; `dixtill distill` writes one"
            ) from error
        if isinstance(error, IsADirectoryError):
            raise ModelFileError(
                f"{path}: is a folder without a {STUDENT_FILE}, expected a student's .safetensors "
                "file; name the file in it"
            ) from error
        if isinstance(error, (OSError, ValueError)):  # ValueError: a path no system call takes
            raise ModelFileError(
                f"{str(path)!r}: cannot be read ({reason(error)}), expected a student; check its "
                "name and permissions"
            ) from error


def reason(error: Exception) -> str:
    """What the operating system says, without its number."""
    return getattr(error, "strerror", None) or str(error)


def _map(path: str | os.PathLike[str], file: BinaryIO) -> MappedModel:
    header, data_start = _read_header(path, file)
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or METADATA_KEY not in metadata:
        raise ModelFileError(
            f"{path}: is a safetensors file but not a student of dixtill (its metadata has no "
            f"'{METADATA_KEY}'), expected one that `dixtill distill` wrote"
        )
    description = _json_object(metadata[METADATA_KEY], "the metadata")
    _check_version(path, description.get("format_version"))
    _check_tensors(header)
    content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return MappedModel(description, _views(header, memoryview(content)[data_start:]))


def _read_header(path: str | os.PathLike[str], file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The JSON at the start, and where it ends: its length in eight bytes, then that many."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    num_bytes = int.from_bytes(file.read(8), "little")
    if size == 0:
        raise InputError("is empty")
    if size > 8 and file.read(1) != b"{":
        _refuse_foreign(path)
    if num_bytes > min(size - 8, _MAX_HEADER_BYTES):
        raise InputError(f"ends inside its header, after {size} bytes")
    file.seek(8)
    return _json_object(file.read(num_bytes), "the header"), 8 + num_bytes


def _refuse_foreign(path: str | os.PathLike[str]) -> NoReturn:
    raise ModelFileError(
        f"{path}: is not a safetensors file, expected a student that `dixtill distill` wrote"
    )


def _json_object(text: Any, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is not JSON ({error})") from error
    except RecursionError as error:
        raise InputError(f"{name} is nested too deeply") from error
    if not isinstance(value, dict):
        raise InputError(f"{name} is not a JSON object")
    return value


def _check_version(path: str | os.PathLike[str], version: Any) -> None:
    if type(version) is not int or version < 1:
        raise InputError(f"the metadata has format_version {version!r}")
    if version != FORMAT_VERSION:
        remedy = (
            "upgrade dixtill to read it"
            if version > FORMAT_VERSION
            else "write it again with `dixtill distill`"
        )
        raise ModelFileError(f"{path}: is of format {version}, expected {FORMAT_VERSION}; {remedy}")


def _types(tensors: Mapping[str, Any]) -> Mapping[str, str]:
    """The type of each tensor that a file with one of these has."""
    return _TENSOR_TYPES_Q4 if EMBEDDING_Q4 in tensors else _TENSOR_TYPES


def _check_tensors(header: Mapping[str, Any]) -> None:
    types = _types(header)
    for name in sorted(types.keys() - header.keys()):
        raise InputError(f"tensor '{name}' is missing")
    for name in sorted(header.keys() - types.keys()):
        raise InputError(f"tensor '{name}' is unknown")
    for name, expected in types.items():
        actual = header[name].get("dtype") if isinstance(header[name], dict) else None
        if actual != expected:
            raise InputError(f"tensor '{name}' has type {actual}, expected {expected}")


def _views(header: Mapping[str, Any], data: memoryview) -> dict[str, tuple[Shape, memoryview]]:
    """Shape and bytes of each tensor; together they fill `data`, without gap or overlap."""
    places = sorted((*_place(name, entry), name) for name, entry in header.items())
    end = 0
    for first, last, name in places:
        if first != end:
            raise InputError(
                f"the tensors do not fill the file as the header says ('{name}' begins at {first}, "
                f"expected {end})"
            )
        end = last
    if end != len(data):
        raise InputError(
            f"the tensors do not fill the file as the header says (they end at {end} of "
            f"{len(data)} bytes)"
        )
    return {name: (tuple(header[name]["shape"]), data[first:last]) for first, last, name in places}


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
    if not isinstance(sizes, list) or not all(type(n) is int and n >= 0 for n in sizes):
        raise InputError(f"tensor '{name}' has the {key} {sizes!r}, expected a list of sizes")
    return sizes


def _settings(description: Mapping[str, Any]) -> dict[str, Any]:
    try:
        options = description["tokenizer"]
        if not isinstance(options, dict):
            raise InputError("the metadata lacks the settings of the tokenizer")
        return {
            "labels": _as_tuple(description["labels"]),
            "cleaning": _as_tuple(description["cleaning"]),
            "explanation": description["explanation"],
            "provenance": description["provenance"],
            **{name: options[name] for name in ("lowercase", "strip_accents", "max_pieces")},
        }
    except (KeyError, TypeError) as error:
        raise InputError(f"the metadata lacks {error}") from error


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _decompressed(vocabulary: memoryview) -> bytes:
    stream = zlib.decompressobj()
    try:
        pieces = stream.decompress(vocabulary, _MAX_VOCABULARY_BYTES)
    except zlib.error as error:
        raise InputError(f"tensor '{VOCABULARY}' cannot be decompressed ({error})") from error
    if not stream.eof or stream.unused_data:
        raise InputError(f"tensor '{VOCABULARY}' cannot be decompressed (it does not end)")
    return pieces


def _pieces(vocabulary: bytes) -> str:
    try:
        return str(vocabulary, "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"tensor '{VOCABULARY}' is not UTF-8 ({error})") from error


def check_settings(model: Any) -> None:
    """Raises InputError when a setting of a model is of the wrong type or unknown."""
    for name in ("labels", "cleaning"):
        value = getattr(model, name)
        if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
            raise InputError(f"{name} is not a sequence of strings")
    for name, expected in _SETTINGS.items():
        actual = type(getattr(model, name))
        if actual is not expected:
            raise InputError(f"{name} is of type {actual.__name__}, expected {expected.__name__}")
    if not 1 <= model.max_pieces <= _MAX_PIECES:
        raise InputError(
            f"max_pieces is {_in_short(model.max_pieces)}, expected at least 1 and at most "
            f"{_MAX_PIECES}"
        )
    for rule in model.cleaning:
        if rule not in CLEANING_RULES:
            raise InputError(
                f"unknown cleaning rule {rule!r}; this version knows {', '.join(CLEANING_RULES)}"
            )
    if not isinstance(model.provenance, Mapping):
        raise InputError("provenance is not a mapping")
    if model.explanation not in EXPLANATIONS:
        raise InputError(
            f"explanation is '{model.explanation}', expected one of {', '.join(EXPLANATIONS)}"
        )


def _in_short(number: int) -> str:
    return str(number) if abs(number) < 10**20 else "a number of more than 20 digits"


def check_labels(labels: tuple[str, ...], num_classes: int) -> None:
    """Raises InputError unless there is one name, and another one, for each class."""
    if len(labels) != num_classes:
        raise InputError(
            f"there are {len(labels)} labels, expected {num_classes}, one for each row of the head"
        )
    if len(set(labels)) != len(labels):
        raise InputError(f"a label occurs twice in {', '.join(labels)}")
    if not all(labels):
        raise InputError("a label is empty")
    for label in labels:
        if any("\ud800" <= char <= "\udfff" for char in label):
            raise InputError(f"a label holds a lone surrogate, {label!r}")


def check_vocabulary_size(num_pieces: int, expected: int) -> None:
    """Raises InputError unless there is one piece for each row of the embedding."""
    if num_pieces != expected:
        raise InputError(
            f"the vocabulary has {num_pieces} pieces, expected {expected}, one for each row of "
            "the embedding"
        )
