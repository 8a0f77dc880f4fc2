"""Answer a pandas or polars Series of texts with a DataFrame; imports neither library."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .runtime.answer_fields import answer_fields, answer_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .runtime.answer_kind import AnswerKind
    from .runtime.classifier import Classifier
    from .runtime.prediction import Prediction

_LIBRARIES = ("pandas", "polars")


def answer(
    texts: Any,
    classifier: Classifier | None = None,
    *,
    words: bool = False,
    threshold: float | None = None,
    only_familiar: bool | None = None,
) -> Any:
    """Answer a pandas or polars Series of texts; return a DataFrame of the same library.

    The columns are label, probability, probability_LABEL for each label, truncated, unknown_share
    and, if the student can tell it, familiarity. A student that gives a text any number of labels
    has labels, a list, in place of label and probability; one that answers numbers has value, and
    interval_low and interval_high where they are known. With `words` there is also a column words:
    a list of records with text, start, end, weight and is_unknown. The rows and, in pandas, the
    index are those of `texts`; the answers to a null text are null.

    Args:
        texts: a Series of str and nulls.
        classifier: a student from `dixtill.load`; by default the one that ships with dixtill.
        words: whether to add the words of each text with their weights.
        threshold: labels of lower probability become null; by default the classifier's own.
        only_familiar: labels of texts that are not familiar become null; by default the
            classifier's own.

    Raises:
        TypeError: `texts` is not a pandas or polars Series, or a text is not a str.
    """
    library = _library_of(texts)
    if classifier is None:
        from .runtime.classifier import load_classifier

        classifier = load_classifier()
    rows = _texts(texts, library)
    read = [row for row in rows if row is not None]
    found = iter(classifier(read, threshold=threshold, only_familiar=only_familiar))
    answers = [None if row is None else next(found) for row in rows]
    columns = _columns(answers, classifier.kind, words)
    frame = _pandas_frame if library == "pandas" else _polars_frame
    return frame(sys.modules[library], texts, columns)


def _library_of(texts: Any) -> str:
    library = type(texts).__module__.partition(".")[0]
    if library not in _LIBRARIES or type(texts).__name__ != "Series":
        raise TypeError(
            f"texts are of type {type(texts).__name__}, expected a Series of pandas or polars; "
            "for a list, call the classifier"
        )
    return library


def _texts(texts: Any, library: str) -> list[str | None]:
    nulls = texts.isna() if library == "pandas" else texts.is_null()
    rows = [None if null else text for text, null in zip(texts, nulls, strict=True)]
    for number, row in enumerate(rows):
        if row is not None and not isinstance(row, str):
            raise TypeError(
                f"row {number} of the column is of type {type(row).__name__}, expected a str or "
                "null"
            )
    return rows


def _columns(
    answers: Sequence[Prediction | None], kind: AnswerKind, words: bool
) -> dict[str, list[Any]]:
    fields = answer_fields(kind)
    nothing = [None] * len(fields)
    rows = [nothing if answer is None else list(answer_values(answer)) for answer in answers]
    columns: dict[str, list[Any]] = {
        field.name.removeprefix("predicted_"): [row[place] for row in rows]
        for place, field in enumerate(fields)
    }
    if kind.output == "softmax":
        probabilities = [answer and answer.probability for answer in answers]
        columns = {"label": columns["label"], "probability": probabilities, **columns}
    if kind.output == "sigmoid":
        columns["labels"] = [labels and list(labels) for labels in columns["labels"]]
    if words:
        columns["words"] = [
            answer and [word._asdict() for word in answer.words] for answer in answers
        ]
    return columns


def _pandas_frame(pandas: Any, texts: Any, columns: dict[str, list[Any]]) -> Any:
    frame = pandas.DataFrame(columns, index=texts.index)
    others = ("label", "labels", "truncated", "words")
    types = {name: "float64" for name in columns if name not in others}
    return frame.astype({**types, "truncated": "boolean"})


def _polars_frame(polars: Any, _: Any, columns: dict[str, list[Any]]) -> Any:
    word = {
        "text": polars.String,
        "start": polars.Int64,
        "end": polars.Int64,
        "weight": polars.Float64,
        "is_unknown": polars.Boolean,
    }
    types = {
        "label": polars.String,
        "labels": polars.List(polars.String),
        "truncated": polars.Boolean,
        "words": polars.List(polars.Struct(word)),
    }
    return polars.DataFrame(
        columns, schema={name: types.get(name, polars.Float64) for name in columns}
    )
