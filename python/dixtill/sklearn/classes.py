"""Checks texts and labels from scikit-learn, and maps the labels to those of a student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ..errors import InputError
from ..runtime.model_file.label_names import check_label_names
from ..strings import plain_str

Array = npt.NDArray[Any]


def checked_texts(texts: Any) -> list[str]:
    """Return the texts of a list, a column or a one-dimensional array.

    Raises:
        InputError: `texts` is something else, or not all of its elements are str.
    """
    if isinstance(texts, (str, bytes)) or not hasattr(texts, "__iter__"):
        raise InputError(
            f"X is of type {type(texts).__name__}, expected texts: a list, an array or a column"
        )
    if getattr(texts, "ndim", 1) != 1:
        raise InputError(
            f"X has {texts.ndim} dimensions, expected one text for each row: a list of str, or "
            "one column of the table. Reshape your data"
        )
    found = list(texts)
    for row, text in enumerate(found):
        if not isinstance(text, str):
            raise InputError(
                f"row {row} of X is {text!r:.40}, of type {type(text).__name__}, expected a str; "
                "drop rows without a text, or fill them with ''"
            )
    return list(map(plain_str, found))


def checked_labels(labels: Any) -> Array:
    """Return the labels as an array, one for each text.

    Raises:
        InputError: `labels` is None.
        ValueError: labels are missing, are targets of a regression, or are several per text.
    """
    if labels is None:
        raise InputError("fit requires y to be passed, but the target y is None")
    checked: Array = column_or_1d(labels, warn=True)
    assert_all_finite(checked, input_name="y")
    check_classification_targets(checked)
    return checked


@dataclass(frozen=True)
class Classes:
    """The classes that scikit-learn sees, and the student's."""

    values: Array  # [C], sorted, of the type of y
    columns: list[int]  # [C], the place of each value among the student's labels
    names: tuple[str, ...]  # the student's labels, in the order of its classes

    @classmethod
    def of(cls, labels: Array, teacher: Sequence[str] | None) -> Classes:
        """Return the classes of the teacher, or without a teacher those of y.

        Raises:
            InputError: y has fewer than two classes, one that the teacher does not know, or one
                whose name cannot be a student's label.
        """
        values = np.unique(labels)
        if len(values) < 2:
            raise InputError(f"y holds {len(values)} class, expected at least two")
        if teacher is None:
            names = tuple(map(_name_of, values))
            check_label_names(names)
            return cls(values, list(range(len(values))), names)
        is_integer = values.dtype.kind in "iu"
        kind = object if values.dtype.kind == "O" else None
        known = _integers(teacher) if is_integer else np.array(teacher, kind)
        unknown = [value for value in values.tolist() if value not in known.tolist()]
        if unknown:
            raise InputError(
                f"y has labels that the teacher does not know: {', '.join(map(str, unknown))}; it "
                f"knows {', '.join(teacher)}"
                + (f", which are {', '.join(map(str, known))} in y" if is_integer else "")
            )
        order = np.argsort(known)
        return cls(known[order], order.tolist(), tuple(teacher))

    def indices_of(self, labels: Array) -> tuple[int, ...]:
        """Return each label's index among the student's labels."""
        rows = np.searchsorted(self.values, labels)
        return tuple(np.array(self.columns)[rows].tolist())


def _name_of(value: object) -> str:
    return plain_str(value) if isinstance(value, str) else str(value)


def _integers(names: Sequence[str]) -> Array:
    """Return the integers for a teacher's classes in y: their names, or else their indices.

    Which of the two depends only on the teacher, so that a fold that lacks a class is read like the
    others.

    Raises:
        InputError: some names are numbers, but not their own indices.
    """
    numbers = {i: int(name) for i, name in enumerate(names) if name.isdecimal()}
    if len(set(numbers.values())) == len(names):
        return np.array(list(numbers.values()))
    if all(number == i for i, number in numbers.items()):
        return np.arange(len(names))
    raise InputError(
        f"integers in y could be names or indices of the teacher's {', '.join(names)}; give the "
        "names, as str"
    )
