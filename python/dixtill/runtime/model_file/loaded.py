"""Loads and checks a student's model file, without NumPy: its tensors are bytes.

The file is one .safetensors with parameters, vocabulary, settings and provenance; any other file is
refused with a sentence. specification/model_file.py writes such files, and reads them as arrays.
"""

from __future__ import annotations

import zlib

from ...errors import InputError
from .familiarity import FAMILIARITY_TYPES, check_familiarity
from .settings import (
    MAX_VOCABULARY_BYTES,
    StudentSettings,
    cell_and_output_of,
    check_version,
    check_vocabulary_size,
    digest,
    directions_of,
)
from .shape import StudentShape, parameter_names
from .source import UnusableFileError, naming_the_student, open_student
from .tensors import NUMPY_TYPES, TensorFile, json_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .source import BinaryReader, StudentSource

METADATA_KEY = "dixtill"
VOCABULARY = "vocabulary"  # its pieces as UTF-8, joined by line breaks, compressed by zlib
EMBEDDING_Q4 = "embedding_q4"  # instead of embedding_q8, where 4 bits a value are enough


class LoadedModel:
    """A model file's content: settings, and buffers that the native module reads as they are."""

    settings: StudentSettings
    shape: StudentShape
    embedding_bits: int  # that a value of the embedding is kept in, 4 or 8
    knows_familiarity: bool  # whether it can tell familiar texts from others
    buffers: dict[str, memoryview]  # the tensors by name; the vocabulary decompressed

    def __init__(self, file: BinaryReader) -> None:
        """Read a file to its end, and check everything but the values of the parameters.

        Raises:
            InputError: something is missing, of the wrong type, or does not fit.
        """
        tensor_file = TensorFile(file)
        description = _description(tensor_file)
        check_version(description.get("format_version"))
        directions = directions_of(description)
        types = _types(directions, tensor_file.header)
        tensors = tensor_file.read_tensors(file, types)
        self._file, self._types, self._tensors = tensor_file, types, tensors
        self._description = description
        shapes = {name: shape for name, (shape, _) in tensors.items()}
        self.shape = StudentShape.of(*cell_and_output_of(description), directions, shapes)
        self.embedding_bits = 4 if EMBEDDING_Q4 in tensors else 8
        self.knows_familiarity = FAMILIARITY_TYPES.keys() <= tensors.keys()
        if self.knows_familiarity:
            check_familiarity(self.shape.num_pieces, shapes)
        self.settings = StudentSettings.of(description).checked(self.shape)
        pieces = _decompressed(tensors[VOCABULARY][1])
        self.buffers = {name: view for name, (_, view) in tensors.items()}
        self.buffers[VOCABULARY] = memoryview(pieces)
        check_vocabulary_size(pieces.count(b"\n") + 1, self.shape.num_pieces)

    @property
    def content(self) -> bytes:
        """The model file's bytes."""
        return self._file.content

    def __reduce__(self) -> tuple[Any, ...]:
        return _reloaded, (self.content,)

    def verify(self) -> None:
        """Raise InputError unless the content has the checksum that the file names."""
        description = {**self._description}
        checksum = description.pop("sha256", None)
        tensors = (
            (name, NUMPY_TYPES[self._types[name]], shape, view)
            for name, (shape, view) in self._tensors.items()
        )
        if checksum != digest(description, tensors):
            raise InputError(f"the content does not have the checksum {checksum}")


def load_model(source: StudentSource) -> LoadedModel:
    """Read a model file, but leave its parameters unchecked: see LoadedModel.verify.

    `source` is a model file, a folder with a student.safetensors, the bytes of a model file, or a
    file that is open in binary mode, which is read from where it stands and not closed.

    Raises:
        ModelFileError: the file is missing, damaged, foreign or from a newer version.
        TypeError: `source` is something else.
    """
    with naming_the_student(source):
        file = open_student(source)
        try:
            return LoadedModel(file)
        finally:
            if file is not source:
                file.close()


def _types(directions: int, header: Mapping[str, Any]) -> dict[str, str]:
    """Return the type of each tensor, by name; the header says which of the optional ones exist."""
    names = parameter_names(directions)
    types = {VOCABULARY: "U8", **{n: "I8" if n.endswith("_q8") else "F32" for n in names}}
    if EMBEDDING_Q4 in header:
        del types["embedding_q8"]
        types[EMBEDDING_Q4] = "U8"
    return types | (FAMILIARITY_TYPES if FAMILIARITY_TYPES.keys() & header.keys() else {})


def _reloaded(content: bytes) -> LoadedModel:
    """Return the model that a pickle holds."""
    with naming_the_student(content):
        model = load_model(content)
        model.verify()
    return model


def _description(file: TensorFile) -> dict[str, Any]:
    metadata = file.header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or METADATA_KEY not in metadata:
        raise UnusableFileError(
            f"is a safetensors file but not a student of dixtill (its metadata has no "
            f"'{METADATA_KEY}'), expected one that `dixtill distill` wrote"
        )
    return json_object(metadata[METADATA_KEY], "the metadata")


def _decompressed(vocabulary: memoryview) -> bytes:
    stream = zlib.decompressobj()
    try:
        pieces = stream.decompress(vocabulary, MAX_VOCABULARY_BYTES)
    except zlib.error as error:
        raise InputError(f"tensor '{VOCABULARY}' cannot be decompressed ({error})") from error
    if not stream.eof or stream.unused_data:
        raise InputError(
            f"tensor '{VOCABULARY}' cannot be decompressed (it does not end where the tensor ends, "
            f"or has more than {MAX_VOCABULARY_BYTES} bytes)"
        )
    return pieces
