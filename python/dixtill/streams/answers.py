"""Makes the columns that an answer adds to its row, named as in the output of `dixtill score`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..runtime.answer_fields import FLAG, LABEL, LABELS, NUMBER, answer_fields, answer_values
from ..runtime.answer_kind import AnswerKind
from ..runtime.prediction import Prediction
from ..runtime.words_json import words_json
from ..tables.encoding import json_utf8

_DECIMALS = 6  # like the weights of words


@dataclass(frozen=True)
class AnswerColumns:
    """The names of the added columns, and their values as JSON."""

    kind: AnswerKind
    words: bool = True
    check: bool = False
    label: str | None = None  # what the words and the check are about; None for the top label

    @property
    def names(self) -> tuple[str, ...]:
        """The names in order."""
        return (
            *(field.name for field in answer_fields(self.kind)),
            *(("words",) if self.words else ()),
            *(("check",) if self.check else ()),
        )

    @property
    def asked_check(self) -> bool | str:
        """What a classifier is asked to check."""
        return (self.label or True) if self.check else False

    @cached_property
    def _writers(self) -> list[Callable[[Any], bytes]]:
        """A function for each field that writes its value as JSON."""
        label_json = {label: json_utf8(label) for label in (None, *self.kind.labels)}
        writers: dict[str, Callable[[Any], bytes]] = {
            LABEL: label_json.__getitem__,
            LABELS: lambda labels: b"[%b]" % b",".join(map(label_json.__getitem__, labels)),
            NUMBER: lambda number: b"%.6f" % number,
            FLAG: lambda flag: b"true" if flag else b"false",
        }
        return [writers[field.type] for field in answer_fields(self.kind)]

    def json_values(self, prediction: Prediction) -> Iterator[bytes]:
        """Yield the JSON of each column in UTF-8; numbers have six decimals."""
        for write, value in zip(self._writers, answer_values(prediction), strict=True):
            yield write(value)
        if self.words:
            yield words_json(
                prediction if self.label is None else prediction.explaining(self.label)
            )
        if self.check:
            yield _check_json(prediction)


def _check_json(prediction: Prediction) -> bytes:
    check = prediction.check
    assert check
    values: dict[str, Any] = check._asdict()
    values["effects"] = [round(effect, _DECIMALS) for effect in check.effects]
    if check.correlation is not None:
        values["correlation"] = round(check.correlation, _DECIMALS)
    return json.dumps(values, separators=(",", ":")).encode()
