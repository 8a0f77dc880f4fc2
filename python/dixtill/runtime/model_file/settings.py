"""Checks what a model file says of its tensors: version, the student's settings and checksum."""

from __future__ import annotations

import hashlib
import json
from collections import namedtuple
from collections.abc import Mapping

from ...errors import InputError
from ...strings import plain_str
from .decisions import check_interval, checked_thresholds
from .label_names import check_label_names
from .shape import OUTPUTS, WAYS
from .source import UnusableFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .shape import Shape, StudentShape

FORMAT_VERSION = 5
_READABLE_VERSIONS = (3, 4, FORMAT_VERSION)
EXPLANATIONS = ("gates", "contributions", "scores")
MAX_PIECES = 2**20  # of a vocabulary: four times the largest that teachers have
MAX_VOCABULARY_BYTES = 2**24  # of its pieces, which a file holds compressed
CLEANING_RULES = ("urls", "html_entities", "html_entities_v2", "urls_v2")

_LAST_WITHOUT_SYMBOLS = 3
_LAST_WITHOUT_CELLS = 4  # whose students are all of LSTM cells, with a softmax
_MAX_PIECES_OF_A_TEXT = 2**31 - 1
_TOKENIZER = {"lowercase": bool, "strip_accents": bool, "symbols": bool, "max_pieces": int}


class StudentSettings(
    namedtuple(
        "StudentSettings",
        [
            "labels",
            "cleaning",
            "lowercase",
            "strip_accents",
            "symbols",
            "max_pieces",
            "explanation",
            "provenance",
            "thresholds",
            "interval",
        ],
        defaults=[(), None],
    )
):
    """The settings in a model file: all of a student but its parameters and its vocabulary."""

    __slots__ = ()
    labels: tuple[str, ...]  # [C], one name for each row of the head
    cleaning: tuple[str, ...]  # rules of specification/cleaning.py, in the order they are applied
    lowercase: bool
    strip_accents: bool
    symbols: bool  # symbols are words, and typographic variants have a plain form
    max_pieces: int  # of a text; the rest is not read
    explanation: str  # where a word's weight comes from: one of EXPLANATIONS
    provenance: Mapping[str, Any]  # any JSON object
    thresholds: tuple[float, ...]  # [C] probabilities, from which on a text has a label, if the
    # output is sigmoid; otherwise empty
    interval: float | None  # 90% of numbers are at most so far from the answer; None if unknown

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> StudentSettings:
        """Return the settings in a model file's description, not checked yet.

        Raises:
            InputError: one is missing.
        """
        try:
            tokenizer = description["tokenizer"]
            if not isinstance(tokenizer, dict):
                raise InputError("the metadata lacks the settings of the tokenizer")
            has_symbols = description["format_version"] > _LAST_WITHOUT_SYMBOLS
            tokenizer = tokenizer if has_symbols else {**tokenizer, "symbols": False}
            return cls(
                labels=_as_tuple(description["labels"]),
                cleaning=_as_tuple(description["cleaning"]),
                explanation=description["explanation"],
                provenance=description["provenance"],
                thresholds=_as_tuple(description.get("thresholds", ())),
                interval=description.get("interval"),
                **{name: tokenizer[name] for name in _TOKENIZER},
            )
        except (KeyError, TypeError) as error:
            raise InputError(f"the metadata lacks {error}") from error

    def description(self) -> dict[str, Any]:
        """Return the settings as a model file holds them; `of` reads them."""
        of_outputs: dict[str, Any] = {}
        if self.thresholds:
            of_outputs["thresholds"] = self.thresholds
        if self.interval is not None:
            of_outputs["interval"] = self.interval
        return {
            **of_outputs,
            "format_version": FORMAT_VERSION,
            "labels": self.labels,
            "tokenizer": {name: getattr(self, name) for name in _TOKENIZER},
            "cleaning": self.cleaning,
            "explanation": self.explanation,
            "provenance": self.provenance,
        }

    def checked(self, shape: StudentShape) -> StudentSettings:
        """Return the settings with plain strings, checked for a student of this shape.

        Raises:
            InputError: one is of the wrong type, unknown, or does not fit the cell, the output or
                the number of classes.
        """
        settings = self._with_plain_strings()
        for name, expected in {**_TOKENIZER, "explanation": str}.items():
            actual = type(getattr(settings, name))
            if actual is not expected:
                raise InputError(
                    f"{name} is of type {actual.__name__}, expected {expected.__name__}"
                )
        if not 1 <= settings.max_pieces <= _MAX_PIECES_OF_A_TEXT:
            raise InputError(
                f"max_pieces is {_in_short(settings.max_pieces)}, expected at least 1 and at most "
                f"{_MAX_PIECES_OF_A_TEXT}"
            )
        check_rules(settings.cleaning)
        if len(set(settings.cleaning)) < len(settings.cleaning):  # a file has room for 100,000
            raise InputError("a cleaning rule occurs twice")
        if not isinstance(settings.provenance, Mapping):
            raise InputError("provenance is not a mapping")
        if settings.explanation not in EXPLANATIONS:
            raise InputError(
                f"explanation is '{settings.explanation}', expected one of "
                f"{', '.join(EXPLANATIONS)}"
            )
        check_explanation(settings.explanation, shape.cell)
        _check_labels(settings.labels, shape.num_classes)
        check_interval(settings.interval, shape.output)
        thresholds = checked_thresholds(settings.thresholds, shape)
        return settings._replace(thresholds=thresholds)

    def _with_plain_strings(self) -> StudentSettings:
        for name in ("labels", "cleaning"):
            value = getattr(self, name)
            if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
                raise InputError(f"{name} is not a sequence of strings")
        return self._replace(
            labels=tuple(map(plain_str, self.labels)), cleaning=tuple(map(plain_str, self.cleaning))
        )


def digest(
    description: Mapping[str, Any], tensors: Iterable[tuple[str, str, Shape, memoryview]]
) -> str:
    """Return the SHA-256 of a description and tensors, so that a flipped bit is noticed.

    A tensor is its name, NumPy's name of its type, its shape and its bytes.

    Raises:
        InputError: the description holds a number that is not finite.
    """
    try:
        text = json.dumps(description, sort_keys=True, allow_nan=False)
    except ValueError as error:  # all other floats are those of the parameters
        raise InputError("provenance holds a number that is not finite") from error
    content = hashlib.sha256(text.encode())
    for name, dtype, shape, view in sorted(tensors, key=lambda tensor: tensor[0]):
        content.update(f"{name} {dtype} {shape}".encode())
        content.update(view)
    return content.hexdigest()


def cell_and_output_of(description: Mapping[str, Any]) -> tuple[str, str]:
    """Return the cell and the kind of output that a model file's description names.

    Raises:
        InputError: one of them is missing.
    """
    if description["format_version"] <= _LAST_WITHOUT_CELLS:
        return "lstm", OUTPUTS[0]
    for name in ("cell", "output"):
        if not isinstance(description.get(name), str):
            raise InputError(f"the metadata lacks '{name}', or it is not a string")
    return str(description["cell"]), str(description["output"])


def directions_of(description: Mapping[str, Any]) -> int:
    """Return in how many directions a model file's student reads: both, unless it says otherwise.

    Raises:
        InputError: the number is neither 1 nor 2.
    """
    if description["format_version"] <= _LAST_WITHOUT_CELLS:
        return len(WAYS)
    directions = description.get("directions", len(WAYS))
    if type(directions) is not int or not 1 <= directions <= len(WAYS):
        raise InputError(f"directions is {directions!r:.40}, expected 1 or 2")
    return directions


def explanations_of(cell: str) -> tuple[str, ...]:
    """Return those of EXPLANATIONS that students with this cell can have, the preferred one first.

    The contributions of a linear cell are traced through the recurrence, which says more than gates
    in the attention would.
    """
    return ("contributions",) if cell == "linear" else EXPLANATIONS


def check_explanation(explanation: str, cell: str) -> None:
    """Raise InputError if students with this cell cannot be explained so."""
    if explanation not in explanations_of(cell):
        raise InputError(
            f"the explanation '{explanation}' is not for linear cells, whose contributions are "
            "exact through the recurrence; choose the explanation 'contributions'"
        )


def check_version(version: Any) -> None:
    """Raise InputError or UnusableFileError unless a file of this version can be read."""
    if type(version) is not int or version < 1:
        raise InputError(f"the metadata has format_version {version!r}, expected 1 or more")
    if version not in _READABLE_VERSIONS:
        remedy = (
            "upgrade dixtill to read it"
            if version > FORMAT_VERSION
            else "write it again with `dixtill distill`"
        )
        expected = " or ".join(map(str, _READABLE_VERSIONS))
        raise UnusableFileError(f"is of format {version}, expected {expected}; {remedy}")


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def check_rules(rules: Iterable[Any]) -> None:
    """Raise InputError unless each is the name of a cleaning rule."""
    for rule in rules:
        if rule not in CLEANING_RULES:
            raise InputError(
                f"unknown cleaning rule {rule!r}; this version knows {', '.join(CLEANING_RULES)}"
            )


def _in_short(number: int) -> str:
    return str(number) if abs(number) < 10**20 else "a number of more than 20 digits"


def _check_labels(labels: tuple[str, ...], num_classes: int) -> None:
    """Raise InputError unless each class has a name of its own."""
    if len(labels) != num_classes:
        raise InputError(
            f"there are {len(labels)} labels, expected {num_classes}, one for each row of the head"
        )
    check_label_names(labels)


def check_vocabulary_size(num_pieces: int, expected: int) -> None:
    """Raise InputError unless each row of the embedding has a piece, and there are not too many.

    The limit bounds the memory that a small file can ask for.
    """
    if expected > MAX_PIECES:
        raise InputError(f"the embedding has {expected} rows, expected at most {MAX_PIECES}")
    if num_pieces != expected:
        raise InputError(
            f"the vocabulary has {num_pieces} pieces, expected {expected}, one for each row of "
            "the embedding"
        )
