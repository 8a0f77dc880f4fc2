"""Reads several labels a text from scikit-learn: indicator matrices, or lists of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import type_of_target

from ..errors import InputError
from ..runtime.model_file.label_names import check_label_names

_COLLECTIONS = (list, tuple, set, frozenset)


def are_sets(labels: Any) -> bool:
    """Return whether `labels` say of each text which of several labels it has."""
    if getattr(labels, "ndim", 1) == 2:
        # A column is one label a text; a matrix of anything but 0 and 1 is none of labels.
        return bool(labels.shape[1] > 1 and type_of_target(labels) == "multilabel-indicator")
    if isinstance(labels, str) or not hasattr(labels, "__iter__"):
        return False
    return isinstance(next(iter(labels), None), _COLLECTIONS)


def _is_indicator(labels: Any) -> bool:
    """Return whether `labels` are a matrix, or lists that are the rows of one."""
    if getattr(labels, "ndim", 1) == 2:
        return True
    rows = list(labels)
    if not all(isinstance(row, list) for row in rows) or len({*map(len, rows)}) > 1:
        return False
    return len(rows[0]) > 1 and all(
        type(value) in (int, bool) and value in (0, 1) for row in rows for value in row
    )


def _check_types(labels: Sequence[Any]) -> None:
    """Raise InputError if some labels are str and others are not, which NumPy would make str."""
    texts = [label for label in labels if isinstance(label, str)]
    others = [label for label in labels if not isinstance(label, str)]
    if texts and others:
        raise InputError(
            f"y has the label {texts[0]!r:.40}, which is a str, and {others[0]!r:.40}, which is "
            "none; give all labels as str, or all as numbers"
        )


@dataclass(frozen=True)
class LabelSets:
    """Which of `values` each text has."""

    values: npt.NDArray[Any]  # [C]: the labels, or the numbers of the columns
    rows: list[frozenset[Any]]  # of each text
    is_matrix: bool  # whether they were given as an indicator matrix

    @classmethod
    def of(cls, labels: Any) -> LabelSets:
        """Read an indicator matrix [N, C], or a collection of labels for each text.

        Raises:
            InputError: a text has something else than labels, or labels are of several types.
        """
        dense = labels.toarray() if hasattr(labels, "toarray") else labels
        if _is_indicator(dense):
            matrix = np.asarray(dense)
            assert_all_finite(matrix, input_name="y")
            rows = [frozenset(np.flatnonzero(row).tolist()) for row in matrix]
            return cls(np.arange(matrix.shape[1]), rows, True)
        rows = []
        for number, row in enumerate(dense):
            if not isinstance(row, _COLLECTIONS):
                raise InputError(
                    f"row {number} of y is {row!r:.40}, expected a list of labels, as in row 0"
                )
            rows.append(frozenset(row))
        known = sorted(frozenset().union(*rows), key=str)
        _check_types(known)
        return cls(np.array(known), rows, False)

    def matched(self, teacher: Sequence[str] | None) -> tuple[tuple[str, ...], npt.NDArray[Any]]:
        """Return the student's labels, which are the teacher's if there is one, and `classes_`.

        Raises:
            InputError: no text has a label, or the teacher has other labels, or another number of
                them.
        """
        if not any(self.rows):
            raise InputError("no text has a label in y, expected labels")
        names = tuple(map(str, self.values.tolist()))
        if teacher is None:
            check_label_names(names)
            return names, self.values
        if self.is_matrix and len(teacher) == len(names):
            return tuple(teacher), self.values
        if not self.is_matrix and set(names) <= set(teacher):
            return tuple(teacher), np.array(teacher)
        raise InputError(
            f"y has the labels {', '.join(names)}, but the teacher has {', '.join(teacher)}"
            + ("; give a column for each" if self.is_matrix else "")
        )

    def indices(self, names: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """Return the labels of each text as ascending indices into `names`."""
        if self.is_matrix:
            return tuple(tuple(sorted(row)) for row in self.rows)
        places = {name: i for i, name in enumerate(names)}
        return tuple(tuple(sorted(places[str(label)] for label in row)) for row in self.rows)

    def indicator(self, values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return an indicator matrix with a column for each of `values`.

        Raises:
            InputError: a text has another label.
        """
        known = list(range(len(values))) if self.is_matrix else values.tolist()
        if unknown := sorted(frozenset().union(*self.rows).difference(known), key=str):
            raise InputError(
                f"y has labels that the student does not know: {', '.join(map(str, unknown))}; it "
                f"knows {', '.join(map(str, values.tolist()))}"
            )
        found = np.zeros((len(self.rows), len(known)), np.int64)
        for row, labels in zip(found, self.rows, strict=True):
            row[[known.index(label) for label in labels]] = 1
        return found
