"""Answers texts with a student.

One native call cleans and splits a text, runs the student and weighs the words; this file checks
the arguments and returns the answers. It needs no NumPy. specification/ says what the native call
computes.
"""

from __future__ import annotations

from ..errors import InputError
from ..strings import plain_str
from .answer_kind import AnswerKind, checked_threshold
from .model_file.loaded import load_model
from .model_file.source import naming_the_student, shipped_student
from .prediction import Prediction
from .targets import choose_num_threads, choose_target, native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, overload

    from ..specification.model_file import StudentModel
    from .answer_kind import CheckArguments
    from .model_file.loaded import LoadedModel
    from .model_file.source import StudentSource

_CHUNK = 4096  # texts for one native call, which returns after 0.1 s with those it has answered


class Classifier:
    """Answers texts with a student. It never changes, so threads can share it.

    A pickle holds the student, so a classifier can be sent to another process or machine. There it
    runs the kernel that was named, or else the best one of that machine.
    """

    def __init__(
        self,
        model: StudentModel | LoadedModel,
        kernel: str | None = None,
        threshold: float | None = None,
        only_familiar: bool = False,
    ) -> None:
        """Use the target `kernel`, or the best that this CPU supports.

        If the top label's probability is below `threshold`, the prediction's label is None; where
        labels do not exclude each other, it is the threshold of each. None stands for 0, or for
        those of the student's labels. With `only_familiar`, texts that are not familiar have no
        label either (see `Prediction.is_familiar`).

        Raises:
            KernelError: the target is unknown, or this CPU does not support it.
            InputError: a weight of a loaded model is -128 or not finite, its vocabulary is
                unusable, the threshold lies outside [0, 1], a threshold or `only_familiar` is given
                for a student that answers numbers, or the student cannot tell which texts are
                familiar.
        """
        settings = model.settings
        self._kind = AnswerKind(
            settings.labels, model.shape.output, settings.thresholds, settings.interval,
            model.knows_familiarity,
        )  # fmt: skip
        self._threshold = self._kind.checked_threshold(threshold)
        self._model = model
        self._only_familiar = self._kind.checked_only_familiar(only_familiar)
        self._asked_kernel = kernel
        self._kernel = choose_target(kernel)
        self._native = _native(model, self._kernel)

    @property
    def model(self) -> StudentModel | LoadedModel:
        """The student's settings and shape."""
        return self._model

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names, in the order of the student's classes."""
        labels: tuple[str, ...] = self._kind.labels
        return labels

    @property
    def kind(self) -> AnswerKind:
        """What all answers have in common: labels, kind of output, thresholds and interval."""
        return self._kind

    @property
    def output(self) -> str:
        """What the student answers.

        "softmax" is one label of several, "sigmoid" any number of labels, and "number" a number.
        """
        output: str = self._kind.output
        return output

    @property
    def kernel(self) -> str:
        """Name of the target in use."""
        return self._kernel

    @property
    def threshold(self) -> float | None:
        """The probability below which a label is None; None if labels differ, or there are none."""
        return self._threshold

    @property
    def only_familiar(self) -> bool:
        """Whether texts that are not familiar have no label."""
        return self._only_familiar

    if TYPE_CHECKING:

        @overload
        def __call__(
            self,
            text: str,
            *,
            check: bool | str = False,
            threshold: float | None = None,
            only_familiar: bool | None = None,
        ) -> Prediction: ...
        @overload
        def __call__(
            self,
            text: list[str] | tuple[str, ...],
            *,
            check: bool | str = False,
            threshold: float | None = None,
            only_familiar: bool | None = None,
        ) -> list[Prediction]: ...

    def __call__(
        self,
        text: str | list[str] | tuple[str, ...],
        *,
        check: bool | str = False,
        threshold: float | None = None,
        only_familiar: bool | None = None,
    ) -> Prediction | list[Prediction]:
        """Answer one text, or each text of a list; every string has an answer.

        A long list is shared among DIXTILL_NUM_THREADS threads, by default as many as the process
        has CPUs. Neither the threads nor the other texts change a bit of an answer.

        Args:
            check: also leave out each word in turn, and search for the smallest set of words
                without which the label changes (see Check). This takes as long as about 100
                answers, and at most as long as 2,100 for a text of up to 60 words. True checks the
                top label; the name of a label checks that one.
            threshold: replaces the classifier's.
            only_familiar: replaces the classifier's.

        Raises:
            TypeError: `text` is not a str, nor a list or tuple of str.
            InputError: DIXTILL_NUM_THREADS is not a positive number, the student does not have the
                label to check, or a setting is not possible, as for the classifier's.
        """
        if isinstance(text, str):
            text = plain_str(text)
            lowest = self._lowest(threshold)
            wanted = self._kind.check_arguments(check, lowest)
            answer = self._native.answer(text, wanted)
            familiar = self._familiar(only_familiar)
            return Prediction._of(text, self._kind, answer, lowest, familiar)
        parts = self.answer_in_parts(
            text, check=check, threshold=threshold, only_familiar=only_familiar
        )
        return [prediction for part in parts for prediction in part]

    def answer_in_parts(
        self,
        texts: list[str] | tuple[str, ...],
        *,
        check: bool | str = False,
        threshold: float | None = None,
        only_familiar: bool | None = None,
    ) -> Iterator[list[Prediction]]:
        """Answer a list in parts: yield the next predictions, in order, about ten times a second.

        The caller can use them before the rest of the list is answered. Arguments and errors are
        those of `__call__`.
        """
        lowest = self._lowest(threshold)
        wanted = self._kind.check_arguments(check, lowest)
        familiar = self._familiar(only_familiar)
        return self._parts(_plain_texts(texts), choose_num_threads(), wanted, lowest, familiar)

    def _lowest(self, threshold: float | None) -> float | None:
        """Return the threshold of a call."""
        return self._threshold if threshold is None else self._kind.checked_threshold(threshold)

    def _familiar(self, only_familiar: bool | None) -> bool:
        """Return whether only familiar texts have labels in a call."""
        if only_familiar is None:
            return self._only_familiar
        return self._kind.checked_only_familiar(only_familiar)

    def _parts(
        self,
        texts: list[str],
        num_threads: int,
        check: CheckArguments | None,
        lowest: float | None,
        only_familiar: bool,
    ) -> Iterator[list[Prediction]]:
        num_answered, kind = 0, self._kind
        while num_answered < len(texts):
            chunk = texts[num_answered : num_answered + _CHUNK]
            answers = self._native.answer_some(chunk, num_threads, check)
            num_answered += len(answers)
            yield [
                Prediction._of(text, kind, answer, lowest, only_familiar)
                for text, answer in zip(chunk, answers, strict=False)
            ]

    predict = __call__

    def __copy__(self) -> Classifier:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Classifier:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = self._model, self._asked_kernel, self._threshold, self._only_familiar
        return type(self), arguments


def load_classifier(
    source: StudentSource | None = None,
    kernel: str | None = None,
    threshold: float | None = None,
    only_familiar: bool = False,
) -> Classifier:
    """Load a student as a classifier, by default the one that ships: see `dixtill.load`.

    Raises:
        ModelFileError: the file is missing, damaged, foreign or from a newer version.
        KernelError: the target is unknown, or this CPU does not support it.
        InputError: the threshold lies outside [0, 1], the student answers numbers, or it cannot
            tell which texts are familiar.
    """
    choose_target(kernel)  # before the file is read
    if threshold is not None:
        checked_threshold(threshold)
    source = shipped_student() if source is None else source
    with naming_the_student(source):
        model = load_model(source)
        classifier = Classifier(model, kernel)
        model.verify()  # last, since other checks say more
    # Here, because a setting that does not fit is no fault of the file.
    classifier._threshold = classifier.kind.checked_threshold(threshold)
    classifier._only_familiar = classifier.kind.checked_only_familiar(only_familiar)
    return classifier


def _native(model: StudentModel | LoadedModel, target: str) -> native.Classifier:
    settings, shape = model.settings, model.shape
    try:
        return native.Classifier(
            target=target,
            tensors=model.buffers,
            cell=shape.cell,
            output=shape.output,
            num_pieces=shape.num_pieces,
            embedding_dim=shape.embedding_dim,
            hidden_dim=shape.hidden_dim,
            attention_dim=shape.attention_dim,
            num_classes=shape.num_classes,
            num_directions=shape.directions,
            lowercase=settings.lowercase,
            strip_accents=settings.strip_accents,
            symbols=settings.symbols,
            max_pieces=settings.max_pieces,
            cleaning=list(settings.cleaning),
            explanation=settings.explanation,
        )
    except (ValueError, OverflowError) as error:
        raise InputError(str(error)) from None


def _plain_texts(texts: object) -> list[str]:
    if not isinstance(texts, (list, tuple)):
        raise TypeError(
            f"the text is {_described(texts)}, expected a str, or a list or tuple of them"
        )
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"item {index} of the list is {_described(text)}, expected a str")
    return list(map(plain_str, texts))


def _described(value: object) -> str:
    name = type(value).__name__
    hint = " (decode it first: text.decode('utf-8'))" if isinstance(value, bytes) else ""
    if type(value).__module__.partition(".")[0] in ("pandas", "polars"):
        hint = " (dixtill.frames.answer takes a column of a table)"
    return f"of type {name}{hint}"
