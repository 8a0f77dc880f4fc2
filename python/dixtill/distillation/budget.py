"""Cuts a student's vocabulary so that its file stays under a size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np

from ..errors import InputError
from ..runtime.model_file.settings import StudentSettings
from ..specification.model_file import StudentModel
from .config import DistillConfig
from .network.quantize import quantize
from .network.student import Student
from .student.vocabulary import Vocabulary

_PROVENANCE_BYTES = 4096  # kept free; the shipped student's takes 1,700


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


def within_budget(
    vocabulary: Vocabulary, labels: Sequence[str], config: DistillConfig
) -> Vocabulary:
    """Return the vocabulary with as many of its first pieces as `config.max_bytes` has room for.

    The size is that of a file with piece vectors of 4 bits, since a finished run can be quantized
    to 8 bits without training again.

    Raises:
        InputError: there is no room for two pieces, of which the first is the unknown one.
    """
    parameters = quantize(Student(config.shape(1, len(labels))), embedding_bits=4)
    settings = student_settings(vocabulary, labels, config)
    settings = settings._replace(provenance={"": " " * _PROVENANCE_BYTES})

    def num_bytes(num_pieces: int) -> int:
        rows = np.repeat(parameters.embedding_q8, num_pieces, axis=0)
        pieces = vocabulary.pieces[:num_pieces]
        return len(StudentModel(replace(parameters, embedding_q8=rows), pieces, settings).content)

    if num_bytes(len(vocabulary.pieces)) <= config.max_bytes:
        return vocabulary
    room = bisect_right(range(1, len(vocabulary.pieces)), config.max_bytes, key=num_bytes)
    if room < 2:
        raise InputError(
            f"max_bytes is {config.max_bytes}, but a student with these settings takes "
            f"{num_bytes(2)} bytes with only two pieces; choose a larger max_bytes or fewer units"
        )
    return replace(vocabulary, pieces=vocabulary.pieces[:room])
