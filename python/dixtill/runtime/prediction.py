"""Defines what a user receives: an answer, and a signed weight for each word.

It is plain data without NumPy. A prediction keeps the native answer and unpacks what is asked for.
"""

from __future__ import annotations

from ..errors import InputError
from ..strings import plain_str, without_surrogates
from .answer import CHECKED, HEAD, NO_FAMILIARITY, OF_NO_LABEL, Answer
from .answer_kind import AnswerKind
from .explanation import Check as Check  # pickles of earlier versions find both here
from .explanation import ExplainedWord as ExplainedWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType
    from typing import Any

_FIELDS = (
    "text", "top_label", "probability", "probabilities", "words", "truncated", "check",
    "threshold", "unknown_share", "kind", "weights", "explained_label", "familiarity",
    "only_familiar",
)  # fmt: skip


class Prediction(Answer):
    """The answer to one text: read-only and hashable; later versions read its pickles.

    >>> word = ExplainedWord("soar", start=7, end=11, weight=1.25)
    >>> prediction = Prediction("Shares soar", "bullish", 0.9, {"bullish": 0.9, "bearish": 0.1},
    ...                         (word,), truncated=False)
    >>> print(prediction)
    bullish (0.90)
      +1.250  soar
    """

    __slots__ = ("_check", "_explained", "_weights", "_words")

    _check: Check | None
    _explained: int | None  # the label that the words' weights explain; None for the top label
    _weights: Mapping[str, Sequence[float]] | None  # of the words by label, if they were given
    _words: tuple[ExplainedWord, ...] | None

    def __init__(
        self,
        text: str,
        top_label: str,
        probability: float,
        probabilities: dict[str, float],
        words: tuple[ExplainedWord, ...],
        truncated: bool,
        check: Check | None = None,
        threshold: float | None = None,
        unknown_share: float = 0.0,
        kind: AnswerKind | None = None,
        weights: Mapping[str, Sequence[float]] | None = None,
        explained_label: str | None = None,
        familiarity: float | None = None,
        only_familiar: bool = False,
    ) -> None:
        """Make a prediction from its parts; without a `kind`, of one label of several.

        For a number, `probabilities` has its name and itself. `weights` are those of the words for
        each label, and those of `words` for `explained_label`, by default the top label.
        """
        if probabilities.get(top_label) != probability:
            raise ValueError(f"probability is {probability}, not that of the label '{top_label}'")
        self._text = plain_str(text)
        self._check = check
        labels, is_known = tuple(map(plain_str, probabilities)), familiarity is not None
        self._kind = kind or AnswerKind(labels, knows_familiarity=is_known)
        self._threshold = self._kind.checked_threshold(threshold)
        self._values = tuple(probabilities.values())
        self._words = tuple(words)
        self._weights = weights
        self._unknown_share = unknown_share
        label = self._kind.labels.index(top_label)
        explained = label if explained_label is None else self._kind.index_of(explained_label)
        self._explained = None if explained == label else explained
        kept = NO_FAMILIARITY if familiarity is None else familiarity
        self._answer = HEAD.pack(label, len(self._words), truncated, 0, 0, kept)
        self._only_familiar = only_familiar

    @classmethod
    def _of(
        cls,
        text: str,
        kind: AnswerKind,
        answer: bytes,
        threshold: float | None,
        only_familiar: bool,
    ) -> Prediction:
        """Return the prediction that a native answer holds."""
        prediction = _new(cls)
        prediction._text = text
        prediction._kind = kind
        prediction._answer = answer
        prediction._threshold = threshold
        prediction._only_familiar = only_familiar
        prediction._values = prediction._words = prediction._check = None
        prediction._unknown_share = prediction._weights = prediction._explained = None
        return prediction

    @property
    def words(self) -> tuple[ExplainedWord, ...]:
        """The words that were read, in the order of the text."""
        if self._words is None:
            # A prediction without words was made by the native module.
            self._words = _native().words_of(
                self._text, self._answer, len(self._kind.labels), ExplainedWord
            )
        return self._words

    @property
    def explained_label(self) -> str:
        """The label that the words' weights explain: the top label, unless `explaining` says so."""
        label: str = self._kind.labels[
            self._label_index() if self._explained is None else self._explained
        ]
        return label

    def explaining(self, label: str) -> Prediction:
        """Return the same answer with words that weigh for `label`; errors are as for `weights`."""
        words = [
            word._replace(weight=weight)
            for word, weight in zip(self.words, self.weights(label), strict=True)
        ]
        other = _new(Prediction)
        for name in (*Answer.__slots__, "_check", "_weights"):
            setattr(other, name, getattr(self, name))
        other._words, other._explained = tuple(words), self._kind.index_of(label)
        return other

    def weights(self, label: str | None = None) -> tuple[float, ...]:
        """Return the weight of each word for any label; None stands for the explained one.

        A positive weight supports the label. A label's weights add up to its logit, minus the mean
        of all logits if the labels exclude each other, minus the same for a text without words.

        Raises:
            InputError: the student does not have the label, its weights are raw scores, or this
                prediction was made without the label's weights.
        """
        if label is None or (label == self.explained_label and self._words is not None):
            return tuple(word.weight for word in self.words)
        index = self._kind.index_of(label)
        if self._weights is not None and label in self._weights:
            return tuple(self._weights[label])
        if not self._is_native():
            raise InputError(
                f"the weights for {label!r:.60} are not known; only the top label's are"
            )
        found: tuple[float, ...] | None = _native().weights_of(
            self._answer, len(self._kind.labels), index
        )
        if found is None:
            raise InputError("the weights of this student are raw scores, which belong to no label")
        return found

    def contrast(self, label: str, other: str) -> tuple[float, ...]:
        """Return how much more each word supports `label` than `other`; see `weights`."""
        both = zip(self.weights(label), self.weights(other), strict=True)
        return tuple(a - b for a, b in both)

    @property
    def check(self) -> Check | None:
        """The check of the explanation; None unless it was asked for."""
        if self._check is None and self._flags() & CHECKED:
            from .checking import check_of

            self._check = check_of(self._answer, self._kind.labels, self._weights_beside)
        return self._check

    def _weights_beside(self, label: str) -> tuple[float, ...]:
        """Return the weights to compare with the effects on a label: scores are those of all."""
        return self.weights(None if self._flags() & OF_NO_LABEL else label)

    def _is_native(self) -> bool:
        return len(self._answer) > HEAD.size

    def _fields(self) -> tuple[Any, ...]:
        """Return the arguments that make this prediction, without weights that `words` lacks."""
        values = self._probability_values()
        return (
            self.text, self.top_label, values[self._label_index()],
            dict(zip(self._kind.labels, values, strict=True)), self.words,
            self.truncated, self.check, self._threshold, self.unknown_share, self._kind,
            None, self.explained_label, self.familiarity, self._only_familiar,
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prediction):
            return NotImplemented
        return self._comparable() == other._comparable()

    def _comparable(self) -> tuple[Any, ...]:
        fields = self._fields()
        return *fields[:9], self._kind.without_order(), *fields[11:]

    def __hash__(self) -> int:
        return hash((self.text, self.top_label, self._threshold))

    def __reduce__(self) -> tuple[Any, ...]:
        fields, weights = self._fields(), self._weights
        if self._is_native() and not self._flags() & OF_NO_LABEL:
            weights = {label: self.weights(label) for label in self._kind.labels}
        return Prediction, (*fields[:10], weights, *fields[11:])

    def __repr__(self) -> str:
        shown = list(zip(_FIELDS, self._fields(), strict=True))
        kind = self._kind
        is_plain = kind == AnswerKind(kind.labels, knows_familiarity=kind.knows_familiarity)
        if is_plain and self._explained is None:
            del shown[9:12]
        return f"Prediction({', '.join(f'{name}={value!r}' for name, value in shown)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON holds them; a lone surrogate becomes U+FFFD.

        >>> Prediction("up \\ud800", "a", 1.0, {"a": 1.0}, (), False).to_dict()["text"]
        'up �'
        """
        return {
            "text": without_surrogates(self.text),
            **self._answer_fields(),
            "words": [
                {**word._asdict(), "text": without_surrogates(word.text)} for word in self.words
            ],
            "truncated": self.truncated,
            "unknown_share": self.unknown_share,
            **self._familiarity_fields(),
            **({"check": self.check._asdict()} if self.check else {}),
        }

    def _familiarity_fields(self) -> dict[str, Any]:
        if not self._kind.knows_familiarity:
            return {}
        return {"familiarity": self.familiarity, "is_familiar": self.is_familiar}

    def _answer_fields(self) -> dict[str, Any]:
        if self.kind.output == "number":
            return {"value": self.value, "interval": self.interval}
        labels = {"labels": self.labels} if self.kind.output == "sigmoid" else {}
        is_other = self.explained_label != self.top_label
        return {
            "label": self.label,
            **labels,
            "probability": self.probability,
            "probabilities": self.probabilities,
            **({"explained_label": self.explained_label} if is_other else {}),
        }

    def __str__(self) -> str:
        """Return the label with its probability, then a line for each word; safe for a terminal.

        It is in color if standard output is a terminal, unless NO_COLOR, FORCE_COLOR or TERM says
        otherwise. `format` and f-strings use no color: write those to a file or a log.
        """
        from .show.terminal import shown, wants_color

        return shown(self, wants_color())

    def __format__(self, spec: str) -> str:
        from .show.terminal import shown

        return format(shown(self, color=False), spec)

    def _repr_html_(self) -> str:
        """Return the prediction as HTML, which notebooks show."""
        from .show.html import prediction_html

        return prediction_html(self)


_new = object.__new__
_native_module: ModuleType | None = None  # once it was imported


def _native() -> Any:
    """Return the native module, imported once: a statement would take a microsecond each time."""
    global _native_module
    if _native_module is None:
        from .targets import native

        _native_module = native
    return _native_module
