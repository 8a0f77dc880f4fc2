"""Convert answers to Arrow columns: label, probabilities, truncated, words and check."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import pyarrow as pa

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
    ]
)


def answer_columns(
    labels: Sequence[str],
    answers: Sequence[Prediction | None],
    words: bool = False,
    check: bool = False,
) -> dict[str, pa.Array]:
    """Return the columns by name; rows without an answer are null."""
    probabilities = [answer and answer.probabilities for answer in answers]
    predicted = [answer and answer.label for answer in answers]
    columns = {"predicted_label": pa.array(predicted, pa.string())}
    for label in labels:
        of_label = [values and values[label] for values in probabilities]
        columns[f"probability_{label}"] = pa.array(of_label, pa.float32())
    columns["truncated"] = pa.array([answer and answer.truncated for answer in answers], pa.bool_())
    shares = [answer and answer.unknown_share for answer in answers]
    columns["unknown_share"] = pa.array(shares, pa.float64())
    if words:
        columns["words"] = _words(answers)
    if check:
        checks = [answer and answer.check and answer.check._asdict() for answer in answers]
        columns["check"] = pa.array(checks, _CHECK)
    return columns


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
