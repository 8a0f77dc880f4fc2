"""Says what a student's answers mean: their labels, and how the labels follow from numbers."""

from __future__ import annotations

from collections import namedtuple

from ..errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    CheckArguments = tuple[int, Sequence[float]]

_TOP_LABEL = -1  # as csrc/answer/checked_label.h has it


class AnswerKind(
    namedtuple(
        "AnswerKind",
        ["labels", "output", "thresholds", "interval", "knows_familiarity"],
        defaults=["softmax", (), None, False],
    )
):
    """What all answers of one student have in common."""

    __slots__ = ()
    labels: tuple[str, ...]  # [C], in the order of the student's classes
    output: str  # one of OUTPUTS of model_file/shape.py
    thresholds: tuple[float, ...]  # [C] if the output is sigmoid, otherwise empty
    interval: float | None  # half the width of the interval around a number
    knows_familiarity: bool  # whether the student can tell familiar texts from others

    def index_of(self, label: str) -> int:
        """Return the index of a label.

        Raises:
            InputError: the student does not have the label.
        """
        try:
            return self.labels.index(label)
        except ValueError:
            raise InputError(
                f"the label is {label!r:.60}, expected one of {', '.join(self.labels)}"
            ) from None

    def default_threshold(self) -> float | None:
        """Return the threshold if a user gives none: 0, or None for those of the labels."""
        return 0.0 if self.output == "softmax" else None

    def checked_threshold(self, threshold: float | None) -> float | None:
        """Return what a user gives as the threshold, or the default for None.

        Raises:
            InputError: it lies outside [0, 1], or the answers are numbers.
            TypeError: it is not a number.
        """
        if threshold is None:
            return self.default_threshold()
        if self.output == "number":
            raise InputError("a threshold is given, but the student answers numbers; leave it out")
        return checked_threshold(threshold)

    def checked_only_familiar(self, only_familiar: bool) -> bool:
        """Return what a user gives as `only_familiar`.

        Raises:
            InputError: it is true, but the answers are numbers or have no familiarity.
        """
        if only_familiar and self.output == "number":
            raise InputError(
                "only_familiar is given, but the student answers numbers; look at `is_familiar`"
            )
        if only_familiar and not self.knows_familiarity:
            raise InputError(
                "only_familiar is given, but the student's file does not say which texts are "
                "familiar; distill the student again"
            )
        return bool(only_familiar)

    def threshold_of(self, index: int, threshold: float | None) -> float:
        """Return the threshold of a label, if `threshold` is what `checked_threshold` returns."""
        if threshold is not None:
            return threshold
        value: float = self.thresholds[index] if self.thresholds else 0.0
        return value

    def labels_of(self, values: Sequence[float], threshold: float | None) -> tuple[str, ...]:
        """Return the labels whose probability is not below their threshold, largest first."""
        order = sorted(range(len(values)), key=lambda k: -values[k])
        return tuple(self.labels[k] for k in order if values[k] >= self.threshold_of(k, threshold))

    def without_order(self) -> tuple[object, ...]:
        """Return what is equal for kinds that differ in the order of their labels alone."""
        thresholds = dict(zip(self.labels, self.thresholds, strict=False))
        return self.output, set(self.labels), thresholds, self.interval

    def check_arguments(self, check: bool | str, threshold: float | None) -> CheckArguments | None:
        """Return what the native module takes for the argument `check` of a classifier.

        Raises:
            InputError: the student does not have that label.
            TypeError: `check` is neither a bool nor a str.
        """
        if check is False:
            return None
        if check is not True and not isinstance(check, str):
            raise TypeError(
                f"check is of type {type(check).__name__}, expected True, False or a label"
            )
        index = _TOP_LABEL if check is True else self.index_of(check)
        count = len(self.thresholds)
        return index, [self.threshold_of(k, threshold) for k in range(count)]


def checked_threshold(threshold: float) -> float:
    """Return the threshold as a float.

    Raises:
        InputError: it lies outside [0, 1].
        TypeError: it is not a number.
    """
    if not hasattr(threshold, "__float__"):
        raise TypeError(
            f"the threshold is of type {type(threshold).__name__}, expected a number from 0 to 1"
        )
    value = float(threshold)
    if not 0.0 <= value <= 1.0:
        raise InputError(f"the threshold is {value}, expected a probability from 0 to 1")
    return value
