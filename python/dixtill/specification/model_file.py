"""Writes a student's model file, and reads it as NumPy arrays.

A classifier loads the file without NumPy, by runtime/model_file/loaded.py, which also checks it.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from ..errors import InputError, ModelFileError
from ..runtime.model_file.familiarity import FAMILIARITY_TYPES, check_familiarity
from ..runtime.model_file.loaded import EMBEDDING_Q4, METADATA_KEY, VOCABULARY, load_model
from ..runtime.model_file.settings import (
    MAX_VOCABULARY_BYTES,
    StudentSettings,
    check_vocabulary_size,
    digest,
)
from ..runtime.model_file.shape import WAYS, StudentShape
from ..runtime.model_file.source import naming_the_student, reason
from ..runtime.model_file.tensors import MAX_HEADER_BYTES, MAX_TENSOR_BYTES
from ..strings import has_surrogates, plain_str
from ..whole_file import write_whole
from .familiarity import Familiarity
from .normalizer import Normalizer
from .parameters import StudentParameters, pack_nibbles, unpack_nibbles
from .words import Tokenizer

if TYPE_CHECKING:
    from ..runtime.model_file.source import StudentSource


@dataclass(frozen=True, eq=False)
class StudentModel:
    """Everything that answering needs, checked when it is made.

    Raises:
        InputError: a setting or a piece is of the wrong type, unknown, or does not fit the
            parameters.
    """

    parameters: StudentParameters
    vocabulary: tuple[str, ...]  # [V], one piece for each row of the embedding
    settings: StudentSettings
    familiarity: Familiarity | None = None  # None if it cannot tell familiar texts from others

    def __post_init__(self) -> None:
        settings = self.settings.checked(self.shape)
        _check_vocabulary(self.vocabulary, self.shape.num_pieces)
        # A copy of the caller's mapping, and equal to what a reader of the file will get.
        provenance = _as_json(settings.provenance)
        object.__setattr__(self, "settings", settings._replace(provenance=provenance))
        object.__setattr__(self, "vocabulary", tuple(map(plain_str, self.vocabulary)))
        self.tokenizer()
        self._check_familiarity()

    def _check_familiarity(self) -> None:
        if self.familiarity is not None:
            shapes = {name: array.shape for name, array in self.familiarity.tensors().items()}
            check_familiarity(self.shape.num_pieces, shapes)

    @property
    def shape(self) -> StudentShape:
        """The student's sizes."""
        return self.parameters.shape

    @property
    def embedding_bits(self) -> int:
        """Bits in which a value of the embedding is kept, 4 or 8."""
        return self.parameters.embedding_bits

    @property
    def knows_familiarity(self) -> bool:
        """Whether it can tell familiar texts from others."""
        return self.familiarity is not None

    @property
    def content(self) -> bytes:
        """The model file's bytes.

        Raises:
            InputError: labels and provenance, or the parameters, are larger than a file may be.
        """
        return _to_bytes(self)

    @property
    def buffers(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of the model file's tensors, by name; the vocabulary is not compressed."""
        tensors: dict[str, npt.NDArray[Any]] = {
            name: np.array(array, order="C") for name, array in self.parameters.arrays().items()
        }
        if self.embedding_bits == 4:
            tensors[EMBEDDING_Q4] = pack_nibbles(tensors.pop("embedding_q8"))
        tensors[VOCABULARY] = np.frombuffer("\n".join(self.vocabulary).encode(), np.uint8)
        return tensors | (self.familiarity.tensors() if self.familiarity else {})

    def __reduce__(self) -> tuple[Any, ...]:
        return read_model, (self.content,)

    def tokenizer(self) -> Tokenizer:
        """Build this model's tokenizer, as specified; keep it, since it is not cached here."""
        settings = self.settings
        normalizer = Normalizer(settings.lowercase, settings.strip_accents, settings.symbols)
        return Tokenizer(self.vocabulary, normalizer, settings.max_pieces)


def _check_vocabulary(vocabulary: tuple[str, ...], num_pieces: int) -> None:
    if not isinstance(vocabulary, tuple) or not all(isinstance(p, str) for p in vocabulary):
        raise InputError("vocabulary is not a sequence of strings")
    check_vocabulary_size(len(vocabulary), num_pieces)
    for piece in vocabulary:
        if "\n" in piece:
            raise InputError(f"the vocabulary holds a piece with a line break, {piece!r}")
        if has_surrogates(piece):
            raise InputError(f"the vocabulary holds a piece with a lone surrogate, {piece!r}")
    num_bytes = sum(len(piece.encode()) + 1 for piece in vocabulary) - 1
    if num_bytes > MAX_VOCABULARY_BYTES:
        raise InputError(
            f"the vocabulary has {num_bytes} bytes, expected at most {MAX_VOCABULARY_BYTES}"
        )


def _as_json(provenance: Mapping[str, Any]) -> dict[str, Any]:
    try:
        copy: dict[str, Any] = json.loads(json.dumps(dict(provenance), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"provenance cannot be written as JSON ({error})") from error
    return copy


def write_model(model: StudentModel, path: str | os.PathLike[str]) -> None:
    """Write `model` to `path`, whole or not at all. Equal models give equal bytes.

    Raises:
        ModelFileError: the file cannot be written.
        InputError: labels and provenance, or the parameters, are larger than a file may be.
    """
    path, content = Path(path), model.content
    try:
        write_whole(path, content)
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{path}: cannot be written ({reason(error)}); choose a file name in a folder that "
            "exists and can be written to"
        ) from error


def _to_bytes(model: StudentModel) -> bytes:
    tensors = model.buffers
    tensors[VOCABULARY] = np.frombuffer(zlib.compress(tensors[VOCABULARY].data, 9), np.uint8)
    description = model.settings.description()
    description |= {"cell": model.shape.cell, "output": model.shape.output}
    if model.shape.directions != len(WAYS):
        description["directions"] = model.shape.directions
    description["sha256"] = digest(
        description,
        ((name, str(array.dtype), array.shape, array.data.cast("B"))
         for name, array in tensors.items()),
    )  # fmt: skip
    # One key only: safetensors writes several in no fixed order.
    metadata = {METADATA_KEY: json.dumps(description, sort_keys=True)}
    content: bytes = safetensors.numpy.save(tensors, metadata)
    num_header_bytes = int.from_bytes(content[:8], "little")
    if num_header_bytes > MAX_HEADER_BYTES:
        raise InputError(
            f"labels and provenance make a header of {num_header_bytes} bytes, expected at most "
            f"{MAX_HEADER_BYTES}; shorten the provenance"
        )
    if len(content) - num_header_bytes > MAX_TENSOR_BYTES:
        raise InputError(
            f"the parameters have over {MAX_TENSOR_BYTES} bytes; make a smaller student"
        )
    return content


def read_model(source: StudentSource) -> StudentModel:
    """Read a model file as arrays; `source` is what `dixtill.load` takes.

    Raises:
        ModelFileError: the file is missing, damaged, foreign or from a newer version.
        TypeError: `source` is something else.
    """
    with naming_the_student(source):
        loaded = load_model(source)
        shapes = loaded.shape.parameters()
        arrays = {name: _array(name, view) for name, view in loaded.buffers.items()}
        if loaded.embedding_bits == 4:
            rows = arrays[EMBEDDING_Q4].reshape(loaded.shape.num_pieces, -1)
            arrays["embedding_q8"] = unpack_nibbles(rows, loaded.shape.embedding_dim)
        parameters = StudentParameters(
            **{name: arrays[name].reshape(shape) for name, shape in shapes.items()},
            cell=loaded.shape.cell,
            output=loaded.shape.output,
        )
        vocabulary = tuple(_pieces(bytes(loaded.buffers[VOCABULARY])))
        known = None
        if FAMILIARITY_TYPES.keys() <= arrays.keys():
            tensors = [arrays[name] for name in FAMILIARITY_TYPES]
            known = Familiarity.of_tensors(*tensors, num_pieces=loaded.shape.num_pieces)
        model = StudentModel(parameters, vocabulary, loaded.settings, known)
        loaded.verify()  # last, since other checks say more
    return model


def _pieces(vocabulary: bytes) -> Iterator[str]:
    """Decode one by one: in a single str, one rare character would widen all others to 4 bytes."""
    try:
        for piece in vocabulary.split(b"\n"):
            yield piece.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"tensor '{VOCABULARY}' is not UTF-8 ({error})") from error


def _array(name: str, view: memoryview) -> npt.NDArray[Any]:
    """Copy a tensor into an array that can be changed."""
    dtype: type[np.generic] = np.int8 if name.endswith("_q8") else np.float32
    if name in (VOCABULARY, EMBEDDING_Q4) or FAMILIARITY_TYPES.get(name) == "U8":
        dtype = np.uint8
    array: npt.NDArray[Any] = np.frombuffer(view, dtype)
    return np.array(array)
