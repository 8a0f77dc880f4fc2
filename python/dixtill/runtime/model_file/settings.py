"""What a model file says about its tensors: version, labels, settings and checksum, checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ...errors import InputError
from .label_names import check_label_names
from .source import UnusableFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .shape import Shape

FORMAT_VERSION = 4
_READABLE_VERSIONS = (3, FORMAT_VERSION)
EXPLANATIONS = ("gates", "contributions", "scores")
MAX_PIECES = 2**20  # of a vocabulary: four times the largest that teachers have
MAX_VOCABULARY_BYTES = 2**24  # of its pieces, which a file holds compressed
CLEANING_RULES = ("urls", "html_entities", "html_entities_v2", "urls_v2")

_LAST_WITHOUT_SYMBOLS = 3
_MAX_PIECES = 2**31 - 1
_SETTINGS = {
    "lowercase": bool,
    "strip_accents": bool,
    "symbols": bool,
    "max_pieces": int,
    "explanation": str,
}


def digest(
    description: Mapping[str, Any], tensors: Iterable[tuple[str, str, Shape, memoryview]]
) -> str:
    """SHA-256 over all that a file says, so that a flipped bit in a weight is noticed.

    Tensors are name, NumPy's name of the type, shape and bytes.

    Raises:
        InputError: the description holds a number that is not finite.
    """
    try:
        text = json.dumps(description, sort_keys=True, allow_nan=False)
    except ValueError as error:  # all other floats are those of the weights
        raise InputError("provenance holds a number that is not finite") from error
    content = hashlib.sha256(text.encode())
    for name, dtype, shape, view in sorted(tensors, key=lambda tensor: tensor[0]):
        content.update(f"{name} {dtype} {shape}".encode())
        content.update(view)
    return content.hexdigest()


def check_version(version: Any) -> None:
    """Raises InputError or UnusableFileError unless a file of this version can be read."""
    if type(version) is not int or version < 1:
        raise InputError(f"the metadata has format_version {version!r}")
    if version not in _READABLE_VERSIONS:
        remedy = (
            "upgrade dixtill to read it"
            if version > FORMAT_VERSION
            else "write it again with `dixtill distill`"
        )
        expected = " or ".join(map(str, _READABLE_VERSIONS))
        raise UnusableFileError(f"is of format {version}, expected {expected}; {remedy}")


def settings_of(description: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a file's description, by name; not checked yet (see check_settings).

    Raises:
        InputError: one is missing.
    """
    try:
        options = description["tokenizer"]
        if not isinstance(options, dict):
            raise InputError("the metadata lacks the settings of the tokenizer")
        return {
            "labels": _as_tuple(description["labels"]),
            "cleaning": _as_tuple(description["cleaning"]),
            "explanation": description["explanation"],
            "provenance": description["provenance"],
            **{name: options[name] for name in ("lowercase", "strip_accents", "max_pieces")},
            "symbols": description["format_version"] > _LAST_WITHOUT_SYMBOLS and options["symbols"],
        }
    except (KeyError, TypeError) as error:
        raise InputError(f"the metadata lacks {error}") from error


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def check_settings(model: Any) -> None:
    """Raises InputError when a setting of a model is of the wrong type or unknown."""
    for name in ("labels", "cleaning"):
        value = getattr(model, name)
        if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
            raise InputError(f"{name} is not a sequence of strings")
    for name, expected in _SETTINGS.items():
        actual = type(getattr(model, name))
        if actual is not expected:
            raise InputError(f"{name} is of type {actual.__name__}, expected {expected.__name__}")
    if not 1 <= model.max_pieces <= _MAX_PIECES:
        raise InputError(
            f"max_pieces is {_in_short(model.max_pieces)}, expected at least 1 and at most "
            f"{_MAX_PIECES}"
        )
    check_rules(model.cleaning)
    if len(set(model.cleaning)) < len(model.cleaning):  # a hundred thousand would fit a file
        raise InputError("a cleaning rule occurs twice")
    if not isinstance(model.provenance, Mapping):
        raise InputError("provenance is not a mapping")
    if model.explanation not in EXPLANATIONS:
        raise InputError(
            f"explanation is '{model.explanation}', expected one of {', '.join(EXPLANATIONS)}"
        )


def check_rules(rules: Iterable[Any]) -> None:
    """Raise InputError unless each is the name of a cleaning rule."""
    for rule in rules:
        if rule not in CLEANING_RULES:
            raise InputError(
                f"unknown cleaning rule {rule!r}; this version knows {', '.join(CLEANING_RULES)}"
            )


def _in_short(number: int) -> str:
    return str(number) if abs(number) < 10**20 else "a number of more than 20 digits"


def check_labels(labels: tuple[str, ...], num_classes: int) -> None:
    """Raises InputError unless there is one name, and another one, for each class."""
    if len(labels) != num_classes:
        raise InputError(
            f"there are {len(labels)} labels, expected {num_classes}, one for each row of the head"
        )
    check_label_names(labels)


def check_vocabulary_size(num_pieces: int, expected: int) -> None:
    """Raises InputError unless there is one piece for each row of the embedding, and not too many.

    What 2**20 pieces take in memory bounds what a small file can ask for.
    """
    if expected > MAX_PIECES:
        raise InputError(f"the embedding has {expected} rows, expected at most {MAX_PIECES}")
    if num_pieces != expected:
        raise InputError(
            f"the vocabulary has {num_pieces} pieces, expected {expected}, one for each row of "
            "the embedding"
        )
