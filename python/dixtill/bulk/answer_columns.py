"""Convert answers to Arrow columns: label, probabilities, truncated, words and check."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, repeat

import pyarrow as pa

from ..runtime.answer_fields import (
    FLAG,
    LABEL,
    LABELS,
    NUMBER,
    AnswerField,
    answer_fields,
    answer_values,
)
from ..runtime.answer_kind import AnswerKind
from ..runtime.prediction import Prediction

_WORD = pa.struct(
    [
        ("text", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("weight", pa.float64()),
        ("is_unknown", pa.bool_()),
    ]
)
_CHECK = pa.struct(
    [
        ("effects", pa.list_(pa.float64())),
        ("correlation", pa.float64()),
        ("flip", pa.list_(pa.int32())),
        ("is_smallest", pa.bool_()),
        ("label", pa.string()),
    ]
)


_TYPES = {LABEL: pa.string(), LABELS: pa.list_(pa.string()), NUMBER: pa.float64(), FLAG: pa.bool_()}


def answer_columns(
    kind: AnswerKind,
    answers: Sequence[Prediction | None],
    words: bool = False,
    check: bool = False,
) -> dict[str, pa.Array]:
    """Return the columns by name; rows without an answer are null."""
    fields = answer_fields(kind)
    nothing = [None] * len(fields)
    rows = [nothing if answer is None else list(answer_values(answer)) for answer in answers]
    by_field = zip(*rows, strict=True) if rows else repeat((), len(fields))
    columns = {
        field.name: pa.array(values, _type_of(field))
        for field, values in zip(fields, by_field, strict=True)
    }
    if words:
        columns["words"] = _words(answers)
    if check:
        checks = [answer and answer.check and answer.check._asdict() for answer in answers]
        columns["check"] = pa.array(checks, _CHECK)
    return columns


def _type_of(field: AnswerField) -> pa.DataType:
    is_probability = field.name.startswith("probability_")
    return pa.float32() if is_probability else _TYPES[field.type]


def _words(answers: Sequence[Prediction | None]) -> pa.Array:
    """Return a list of structs for each answer: its words with spans and weights."""
    by_text = [answer.words if answer else () for answer in answers]
    words = [word for some in by_text for word in some]
    fields = list(zip(*words, strict=True)) or [()] * len(_WORD)
    structs = pa.StructArray.from_arrays(
        [pa.array(values, field.type) for values, field in zip(fields, _WORD, strict=True)],
        fields=list(_WORD),
    )
    offsets = pa.array([0, *accumulate(map(len, by_text))], pa.int32())
    missing = pa.array([answer is None for answer in answers], pa.bool_())
    return pa.ListArray.from_arrays(offsets, structs, mask=missing)
