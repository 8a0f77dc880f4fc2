"""Text to Prediction: the story of inference.

Cleaning, splitting and the forward pass live in their own files; this one joins them, and turns
what the student says of its pieces into what a user reads of words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from typing import overload

import numpy as np
import numpy.typing as npt

from .cleaning import clean
from .forward import Forward
from .kernels import StudentKernel
from .model_file import StudentModel
from .prediction import ExplainedWord, Prediction
from .weights import Float32Array
from .words import TokenizedText

_CHUNK = 128  # texts in one forward pass, which bounds the memory that a long list takes


class Classifier:
    """Answers texts with a student. Safe to share between threads."""

    def __init__(self, model: StudentModel, kernel: str | None = None) -> None:
        """Use the target `kernel`, or the best that this CPU supports.

        Raises:
            KernelError: the target is unknown, or this CPU does not support it.
        """
        self._model = model
        self._tokenizer = model.tokenizer()
        self._kernel = StudentKernel(model.weights, kernel)

    @property
    def model(self) -> StudentModel:
        """The student and its settings."""
        return self._model

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names, in the order of the student's classes."""
        return self._model.labels

    @property
    def kernel(self) -> str:
        """Name of the target in use."""
        return self._kernel.target

    @overload
    def __call__(self, text: str) -> Prediction: ...
    @overload
    def __call__(self, text: list[str] | tuple[str, ...]) -> list[Prediction]: ...

    def __call__(self, text: str | list[str] | tuple[str, ...]) -> Prediction | list[Prediction]:
        """Answer one text, or each of a list; every string has an answer.

        Raises:
            TypeError: `text` is neither a str nor a list or tuple of str.
        """
        if isinstance(text, str):
            return self._answer([text])[0]
        _check_texts(text)
        chunks = (text[i : i + _CHUNK] for i in range(0, len(text), _CHUNK))
        return [prediction for chunk in chunks for prediction in self._answer(chunk)]

    predict = __call__

    def _answer(self, texts: Sequence[str]) -> list[Prediction]:
        """One forward pass over all of `texts`."""
        read = [self._tokenizer(clean(text, self._model.cleaning)) for text in texts]
        piece_ids = np.array([i for item in read for i in item.piece_ids], np.int32)
        offsets = np.array([0, *accumulate(len(item.piece_ids) for item in read)], np.int64)
        forward = self._kernel.forward(piece_ids, offsets)
        weights = iter(_word_weights(forward, read, self._model.explanation))
        answers = zip(texts, read, forward.logits, forward.probabilities, strict=True)
        return [
            self._prediction(text, item, logits, probabilities, islice(weights, len(item.spans)))
            for text, item, logits, probabilities in answers
        ]

    def _prediction(
        self,
        text: str,
        read: TokenizedText,
        logits: Float32Array,
        probabilities: Float32Array,
        weights: Iterable[float],
    ) -> Prediction:
        label = self.labels[int(logits.argmax())]
        by_label = dict(zip(self.labels, probabilities.tolist(), strict=True))
        words = tuple(
            ExplainedWord(text[start:end], start, end, weight)
            for (start, end), weight in zip(read.spans, weights, strict=True)
        )
        # text[:] is a plain str, also of a numpy.str_ or another subclass.
        return Prediction(text[:], label, by_label[label], by_label, words, read.truncated)


def _word_weights(forward: Forward, read: Sequence[TokenizedText], explanation: str) -> list[float]:
    """Weight of each word, one text's words after another's.

    By contributions, a text's weights add up to logit_k - mean(logits) of the predicted class k,
    less the same difference of the head's biases. By scores, a word has the mean of its pieces.
    """
    num_words = [len(item.spans) for item in read]
    first_words = accumulate(num_words[:-1], initial=0)
    words = np.array(
        [first + w for first, item in zip(first_words, read, strict=True)
         for w in item.word_of_piece], np.int64,
    )  # fmt: skip
    num_pieces = [len(item.piece_ids) for item in read]
    by_scores = explanation == "scores"
    pieces = forward.scores if by_scores else _piece_weights(forward, num_pieces)
    sums = np.bincount(words, pieces, sum(num_words))
    means = sums / np.bincount(words, minlength=sum(num_words))
    result: list[float] = (means if by_scores else sums).tolist()
    return result


def _piece_weights(forward: Forward, num_pieces: Sequence[int]) -> npt.NDArray[np.float64]:
    """What each piece adds to the logit of its text's predicted class, above the mean class."""
    predicted = forward.logits.argmax(axis=1).repeat(num_pieces)  # [pieces]
    contributions = forward.contributions.astype(np.float64)  # [pieces, classes]
    own = np.take_along_axis(contributions, predicted[:, None], axis=1)[:, 0]
    weights: npt.NDArray[np.float64] = own - contributions.mean(axis=1)
    return weights


def _check_texts(texts: object) -> None:
    if not isinstance(texts, (list, tuple)):
        raise TypeError(
            f"the text is {_described(texts)}, expected a str, or a list or tuple of them"
        )
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"item {index} of the list is {_described(text)}, expected a str")


def _described(value: object) -> str:
    name = type(value).__name__
    hint = " (decode it first: text.decode('utf-8'))" if isinstance(value, bytes) else ""
    return f"of type {name}{hint}"
