"""Makes the columns that an answer adds to its row, named as in the output of `dixtill score`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..runtime.prediction import Prediction
from ..runtime.words_json import words_json
from ..tables.encoding import json_utf8

_DECIMALS = 6  # like the weights of words


@dataclass(frozen=True)
class AnswerColumns:
    """The names of the added columns, and their values as JSON."""

    labels: Sequence[str]
    words: bool = True
    check: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names in order."""
        return (
            "predicted_label",
            *(f"probability_{label}" for label in self.labels),
            "truncated",
            "unknown_share",
            *(("words",) if self.words else ()),
            *(("check",) if self.check else ()),
        )

    @cached_property
    def _json_labels(self) -> dict[str | None, bytes]:
        return {label: json_utf8(label) for label in (None, *self.labels)}

    def json_values(self, prediction: Prediction) -> Iterator[bytes]:
        """Yield the JSON of each column in UTF-8; numbers have six decimals."""
        yield self._json_labels[prediction.label]
        for probability in prediction.probabilities.values():
            yield b"%.6f" % probability
        yield b"true" if prediction.truncated else b"false"
        yield b"%.6f" % prediction.unknown_share
        if self.words:
            yield words_json(prediction)
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
