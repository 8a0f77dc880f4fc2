"""The student's model file: one .safetensors with weights, vocabulary, labels and provenance.

Checks all that it reads and refuses the rest with a sentence; computes nothing (kernels.py).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from ..errors import InputError, ModelFileError
from ..whole_file import write_whole
from .cleaning import clean
from .normalizer import Normalizer
from .weights import StudentWeights
from .words import Tokenizer

FORMAT_VERSION = 1
EXPLANATIONS = ("contributions", "scores")

_METADATA_KEY = "dixtill"
_VOCABULARY = "vocabulary"
_TENSOR_TYPES = {
    _VOCABULARY: "U8",
    **{f.name: "I8" if f.name.endswith("_q8") else "F32" for f in fields(StudentWeights)},
}
_MAX_HEADER_BYTES = 100_000_000  # safetensors' own limit

Tensors = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class StudentModel:
    """Everything that answering needs, checked when it is made.

    `cleaning` names rules of cleaning.py. `explanation` says where a word's weight comes from:
    its contributions to the logits, or its raw scores. `provenance` is any JSON object.

    Raises:
        InputError: a value is of the wrong type, unknown, or does not fit the weights.
    """

    weights: StudentWeights
    vocabulary: tuple[str, ...]  # [V], one piece for each row of the embedding
    labels: tuple[str, ...]  # [C], one name for each row of the head
    cleaning: tuple[str, ...]
    lowercase: bool
    strip_accents: bool
    max_pieces: int
    explanation: str
    provenance: Mapping[str, Any]

    def __post_init__(self) -> None:
        self._check_types()
        _check_vocabulary(self.vocabulary, self.weights.num_pieces)
        _check_labels(self.labels, self.weights.num_classes)
        self.tokenizer()
        clean("", self.cleaning)
        if self.explanation not in EXPLANATIONS:
            raise InputError(
                f"explanation is '{self.explanation}', expected one of {', '.join(EXPLANATIONS)}"
            )
        # A copy of the caller's mapping, and equal to what a reader of the file will get.
        object.__setattr__(self, "provenance", _as_json(self.provenance))

    def tokenizer(self) -> Tokenizer:
        """Build the tokenizer of this model; keep it, for it is not cached here."""
        normalizer = Normalizer(self.lowercase, self.strip_accents)
        return Tokenizer(self.vocabulary, normalizer, self.max_pieces)

    def _check_types(self) -> None:
        for name in ("vocabulary", "labels", "cleaning"):
            value = getattr(self, name)
            if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
                raise InputError(f"{name} is not a sequence of strings")
        for name, expected in (
            ("lowercase", bool), ("strip_accents", bool), ("max_pieces", int),
            ("explanation", str),
        ):  # fmt: skip
            actual = type(getattr(self, name))
            if actual is not expected:
                raise InputError(
                    f"{name} is of type {actual.__name__}, expected {expected.__name__}"
                )
        if not isinstance(self.provenance, Mapping):
            raise InputError("provenance is not a mapping")


def _check_vocabulary(vocabulary: tuple[str, ...], num_pieces: int) -> None:
    if len(vocabulary) != num_pieces:
        raise InputError(
            f"the vocabulary has {len(vocabulary)} pieces, expected {num_pieces}, one for each "
            "row of the embedding"
        )
    for piece in vocabulary:
        if "\n" in piece:
            raise InputError(f"the vocabulary holds a piece with a line break, {piece!r}")
        if any("\ud800" <= char <= "\udfff" for char in piece):
            raise InputError(f"the vocabulary holds a piece with a lone surrogate, {piece!r}")


def _check_labels(labels: tuple[str, ...], num_classes: int) -> None:
    if len(labels) != num_classes:
        raise InputError(
            f"there are {len(labels)} labels, expected {num_classes}, one for each row of the head"
        )
    if len(set(labels)) != len(labels):
        raise InputError(f"a label occurs twice in {', '.join(labels)}")
    if not all(labels):
        raise InputError("a label is empty")


def _as_json(provenance: Mapping[str, Any]) -> dict[str, Any]:
    try:
        copy: dict[str, Any] = json.loads(json.dumps(dict(provenance), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"provenance cannot be written as JSON ({error})") from error
    return copy


def write_model(model: StudentModel, path: str | os.PathLike[str]) -> None:
    """Write `model` to `path`, whole or not at all; the same model gives the same bytes.

    Raises:
        ModelFileError: the file cannot be written.
    """
    path = Path(path)
    try:
        write_whole(path, _to_bytes(model))
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{path}: cannot be written ({_reason(error)}); choose a file name in a folder that "
            "exists and can be written to"
        ) from error


def _to_bytes(model: StudentModel) -> bytes:
    tensors = {
        f.name: np.ascontiguousarray(getattr(model.weights, f.name)) for f in fields(model.weights)
    }
    tensors[_VOCABULARY] = np.frombuffer("\n".join(model.vocabulary).encode(), np.uint8)
    description = {
        "format_version": FORMAT_VERSION,
        "labels": model.labels,
        "tokenizer": {
            "lowercase": model.lowercase,
            "strip_accents": model.strip_accents,
            "max_pieces": model.max_pieces,
        },
        "cleaning": model.cleaning,
        "explanation": model.explanation,
        "provenance": model.provenance,
    }
    description["sha256"] = _digest(description, tensors)
    # One key only: safetensors writes several in no fixed order.
    metadata = {_METADATA_KEY: json.dumps(description, sort_keys=True)}
    content: bytes = safetensors.numpy.save(tensors, metadata)
    return content


def _digest(description: Mapping[str, Any], tensors: Tensors) -> str:
    """SHA-256 over all that the file says, so that a flipped bit in a weight is noticed."""
    content = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        content.update(f"{name} {tensor.dtype} {tensor.shape}".encode() + tensor.tobytes())
    return content.hexdigest()


def read_model(path: str | os.PathLike[str]) -> StudentModel:
    """Read what `write_model` wrote.

    Raises:
        ModelFileError: the file is missing, damaged, foreign or from a newer version.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            description, content = _read(path, file)
        return _model(description, _tensors(content))
    except (InputError, RecursionError) as error:  # metadata nested to the interpreter's limit
        raise ModelFileError(
            f"{path}: {error}; the file is damaged (expected a student of format "
            f"{FORMAT_VERSION}): get it again, or write it again with `dixtill distill`"
        ) from error
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{path}: there is no such file, expected a student; `dixtill distill` writes one"
        ) from error
    except IsADirectoryError as error:
        raise ModelFileError(
            f"{path}: is a folder, expected a student's .safetensors file; name the file in it"
        ) from error
    except ModelFileError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a path that no system call takes
        raise ModelFileError(
            f"{str(path)!r}: cannot be read ({_reason(error)}), expected a student; check its name "
            "and permissions"
        ) from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _read(path: Path, file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """The description in the header and the whole content; a foreign file only to its header."""
    header = _read_header(path, file)
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or _METADATA_KEY not in metadata:
        raise ModelFileError(
            f"{path}: is a safetensors file but not a student of dixtill (its metadata has no "
            f"'{_METADATA_KEY}'), expected one that `dixtill distill` wrote"
        )
    description = _json_object(metadata[_METADATA_KEY], "the metadata")
    _check_version(path, description.get("format_version"))
    _check_tensors(header)
    file.seek(0)
    return description, file.read()


def _read_header(path: Path, file: BinaryIO) -> dict[str, Any]:
    """The JSON at the start: its length in eight bytes, then that many, if the file has them."""
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
    return _json_object(file.read(num_bytes), "the header")


def _refuse_foreign(path: Path) -> NoReturn:
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


def _check_version(path: Path, version: Any) -> None:
    if type(version) is not int or version < 1:
        raise InputError(f"the metadata has format_version {version!r}")
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"{path}: is of format {version}, expected at most {FORMAT_VERSION}; upgrade dixtill "
            "to read it"
        )


def _check_tensors(header: Mapping[str, Any]) -> None:
    names = header.keys() - {"__metadata__"}
    for name in sorted(_TENSOR_TYPES.keys() - names):
        raise InputError(f"tensor '{name}' is missing")
    for name in sorted(names - _TENSOR_TYPES.keys()):
        raise InputError(f"tensor '{name}' is unknown")
    for name, expected in _TENSOR_TYPES.items():
        actual = header[name].get("dtype") if isinstance(header[name], dict) else None
        if actual != expected:
            raise InputError(f"tensor '{name}' has type {actual}, expected {expected}")


def _tensors(content: bytes) -> Tensors:
    try:
        tensors: Tensors = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, OverflowError) as error:
        raise InputError(
            f"the tensors do not fill the file as the header says ({error})"
        ) from error
    return tensors


def _model(description: dict[str, Any], tensors: Tensors) -> StudentModel:
    """Assemble the model; the checksum comes last, since other checks say more."""
    try:
        settings = {name: description[name] for name in ("labels", "cleaning", "explanation")}
        settings["provenance"] = description["provenance"]
        options = description["tokenizer"]
        for name in ("lowercase", "strip_accents", "max_pieces"):
            settings[name] = options[name]
    except (KeyError, TypeError) as error:
        raise InputError(f"the metadata lacks {error}") from error
    for name in ("labels", "cleaning"):
        if isinstance(settings[name], list):
            settings[name] = tuple(settings[name])
    weights = StudentWeights(**{f.name: tensors[f.name] for f in fields(StudentWeights)})
    model = StudentModel(weights, _pieces(tensors[_VOCABULARY]), **settings)
    checksum = description.pop("sha256", None)
    if checksum != _digest(description, tensors):
        raise InputError(f"the content does not have the checksum {checksum}")
    return model


def _pieces(vocabulary: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    try:
        return tuple(vocabulary.tobytes().decode().split("\n"))
    except UnicodeDecodeError as error:
        raise InputError(f"tensor '{_VOCABULARY}' is not UTF-8 ({error})") from error
