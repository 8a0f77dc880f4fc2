"""Students of each cell and of fewer units, with the vocabulary and settings of the shipped one.

Their parameters are random: time does not depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from dixtill import Prediction
from dixtill.distillation.network.quantize import quantize
from dixtill.distillation.network.student import Student
from dixtill.runtime.model_file.settings import explanations_of
from dixtill.runtime.model_file.shape import CELLS
from dixtill.specification import reference
from dixtill.specification.model_file import StudentModel

# Fewer units than the shipped student's 50.
_NARROW = {
    "gru, 32 units": {"cell": "gru", "embedding_dim": 64, "hidden_dim": 32, "attention_dim": 96},
    "gru, 8 units": {"cell": "gru", "embedding_dim": 56, "hidden_dim": 8, "attention_dim": 48},
}


def random_students(shipped: StudentModel) -> Mapping[str, StudentModel]:
    """Return students whose answers depend on all of their parts, by cell and units."""
    shapes = {cell: {"cell": cell} for cell in CELLS} | _NARROW
    return {name: _random_student(shipped, **shape) for name, shape in shapes.items()}


@torch.no_grad()
def _random_student(shipped: StudentModel, cell: str, **widths: int) -> StudentModel:
    torch.manual_seed(0)
    student = Student(shipped.shape._replace(cell=cell, **widths))
    # PyTorch's initial head is so small that its bias would be most of a logit.
    torch.nn.init.normal_(student.head.weight)
    return replace(
        shipped,
        parameters=quantize(student, shipped.embedding_bits),
        settings=shipped.settings._replace(explanation=explanations_of(cell)[0], provenance={}),
    )


def check_as_specified(student: StudentModel, text: str, answer: Prediction) -> None:
    """Raise AssertionError unless the answer is the specification's, weights of words included."""
    read = student.tokenizer().read(text, student.settings.cleaning)
    ids = np.array(read.piece_ids, np.int32)
    expected = reference.forward(student.parameters, ids, np.array([0, len(ids)], np.int64))
    weights = reference.word_weights(
        expected, read.word_of_piece, len(read.spans), student.settings.explanation
    )
    assert list(answer.probabilities.values()) == expected.probabilities[0].tolist()
    assert [word.weight for word in answer.words] == weights
