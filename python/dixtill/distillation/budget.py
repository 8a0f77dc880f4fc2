"""Knows a student's size before it is trained, and cuts its vocabulary to stay under a size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
import torch

from ..errors import InputError
from ..runtime.model_file.settings import StudentSettings
from ..specification.model_file import StudentModel
from ..specification.parameters import StudentParameters
from .config import DistillConfig, EmbeddingBits, OutputKind
from .network.quantize import quantize
from .network.student import Student
from .student.familiarity import no_familiarity
from .student.vocabulary import Vocabulary

_PROVENANCE_BYTES = 4096  # kept free; the shipped student's takes 1,700

_TEMPERATURE_BYTES = 24  # of a label in the provenance, at most
_LONGEST = 0.12345678901234567  # a threshold of as many digits as one can have


def student_settings(
    vocabulary: Vocabulary, labels: Sequence[str], config: DistillConfig
) -> StudentSettings:
    """Return the settings in a student's file, without provenance."""
    return StudentSettings(
        labels=tuple(labels),
        cleaning=config.cleaning,
        **asdict(vocabulary.normalizer),
        max_pieces=config.max_pieces,
        explanation=config.explanation,
        provenance={},
    )


@dataclass(frozen=True)
class Untrained:
    """Students with random parameters, which are as large and as fast as trained ones."""

    vocabulary: Vocabulary
    labels: Sequence[str]
    config: DistillConfig
    embedding_bits: EmbeddingBits = 4
    output: OutputKind = "softmax"

    def num_bytes(self, num_pieces: int) -> int:
        """Return the bytes of the file with so many of the first pieces, and room for provenance.

        A trained student's file is at most as large: no tensor is compressed.
        """
        row = self._parameters.embedding_q8
        return len(self._model(np.repeat(row, num_pieces, axis=0)).content)

    def model(self, num_pieces: int) -> StudentModel:
        """Return a student that reads so many of the first pieces, each with another vector."""
        step, largest = (16, 7) if self.embedding_bits == 4 else (1, 127)
        size = (num_pieces, self.config.embedding_dim)
        values = np.random.default_rng(0).integers(-largest, largest + 1, size) * step
        return self._model(values.astype(np.int8))

    def _model(self, embedding_q8: np.ndarray) -> StudentModel:
        settings = student_settings(self.vocabulary, self.labels, self.config)
        room = _PROVENANCE_BYTES
        if self.output == "sigmoid":
            settings = settings._replace(thresholds=(_LONGEST,) * len(self.labels))
            room += len(self.labels) * _TEMPERATURE_BYTES
        settings = settings._replace(provenance={"": " " * room})
        pieces = self.vocabulary.pieces[: len(embedding_q8)]
        parameters = replace(self._parameters, embedding_q8=embedding_q8)
        return StudentModel(parameters, pieces, settings, no_familiarity(len(pieces)))

    @cached_property
    def _parameters(self) -> StudentParameters:
        """Parameters with one piece."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            student = Student.of(self.config, 1, len(self.labels), self.output)
        return quantize(student, self.embedding_bits)


def within_budget(
    vocabulary: Vocabulary,
    labels: Sequence[str],
    config: DistillConfig,
    output: OutputKind = "softmax",
) -> Vocabulary:
    """Return the vocabulary with as many of its first pieces as `config.max_bytes` has room for.

    The size is that of a file with piece vectors of 4 bits, since a finished run can be quantized
    to 8 bits without training again.

    Raises:
        InputError: there is no room for two pieces, of which the first is the unknown one.
    """
    num_bytes = Untrained(vocabulary, labels, config, output=output).num_bytes
    if num_bytes(len(vocabulary.pieces)) <= config.max_bytes:
        return vocabulary
    room = bisect_right(range(1, len(vocabulary.pieces)), config.max_bytes, key=num_bytes)
    if room < 2:
        raise InputError(
            f"max_bytes is {config.max_bytes}, but a student with these settings takes "
            f"{num_bytes(2)} bytes with only two pieces; choose a larger max_bytes or fewer units"
        )
    return vocabulary.first(room)
