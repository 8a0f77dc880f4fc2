"""Names the fields of an answer in tables, and reads them: the same for every kind of table.

A student that gives a text one label of several has predicted_label; one that gives any number has
predicted_labels, a list; both have probability_LABEL for each label. A student that answers numbers
has predicted_value, and the ends of its interval where that is known. The familiarity of texts is
there if the student's file has what tells it.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .answer_kind import AnswerKind
    from .prediction import Prediction

LABEL, LABELS, NUMBER, FLAG = "label", "labels", "number", "flag"
"""The types of fields: a label or None, a tuple of labels, a float, a bool."""


class AnswerField(namedtuple("AnswerField", ["name", "type"])):
    """One field of an answer."""

    __slots__ = ()
    name: str
    type: str  # LABEL, LABELS, NUMBER or FLAG


def answer_fields(kind: AnswerKind) -> tuple[AnswerField, ...]:
    """Return the fields of answers of this kind, in order."""
    return (
        *_own_fields(kind),
        AnswerField("truncated", FLAG),
        AnswerField("unknown_share", NUMBER),
        *((AnswerField("familiarity", NUMBER),) if kind.knows_familiarity else ()),
    )


def answer_values(prediction: Prediction) -> Iterator[Any]:
    """Yield the values of the `answer_fields` of a prediction's kind."""
    kind = prediction.kind
    if kind.output == "number":
        yield prediction.value
        if prediction.interval is not None:
            yield from prediction.interval
    else:
        yield prediction.labels if kind.output == "sigmoid" else prediction.label
        yield from prediction.probabilities.values()
    yield prediction.truncated
    yield prediction.unknown_share
    if kind.knows_familiarity:
        yield prediction.familiarity


def _own_fields(kind: AnswerKind) -> Iterator[AnswerField]:
    if kind.output == "number":
        yield AnswerField("predicted_value", NUMBER)
        if kind.interval is not None:
            yield AnswerField("interval_low", NUMBER)
            yield AnswerField("interval_high", NUMBER)
        return
    is_list = kind.output == "sigmoid"
    yield (
        AnswerField("predicted_labels", LABELS)
        if is_list
        else AnswerField("predicted_label", LABEL)
    )
    for label in kind.labels:
        yield AnswerField(f"probability_{label}", NUMBER)
