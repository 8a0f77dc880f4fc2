"""Knows what a student costs before it is trained: the bytes of its file, and its time for a text.

The time is measured with random parameters, which take as long as trained ones. A student is timed
in turns with a reference student, and the fastest round counts for each text, so that other work on
the machine disturbs little. Times are scaled by what the reference took when the search began. A
shape is timed once: its time is kept in the search's folder.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from ...distillation.budget import Untrained
from ...distillation.config import DistillConfig
from ...distillation.student.vocabulary import Vocabulary
from ...errors import InputError
from ...runtime.classifier import Classifier
from ...specification.model_file import StudentModel
from ...whole_file import write_whole
from ..quantities import rounded
from ..space import Choices, Space
from .rapl import Counter

TIMES = "times.json"
_ROUNDS = 30
_TEXTS = 200  # of the validation texts
_ENERGY_SECONDS = 0.5  # the counters of a CPU advance about once a millisecond


class Cost(NamedTuple):
    """What a student costs, with two digits of the measured values."""

    size: int  # bytes of its file, at most
    time: float  # microseconds for a text
    energy: float | None  # microjoules for a text; None if it was not measured


class Clock:
    """Times students on texts, and remembers the times in a file."""

    def __init__(
        self, path: Path, texts: Sequence[str], reference: StudentModel, counter: Counter | None
    ) -> None:
        """Read the file; with a `counter`, measure energy too.

        Raises:
            InputError: the file is damaged.
        """
        self._path, self._counter = path, counter
        self._texts = list(texts[:: max(1, len(texts) // _TEXTS)][:_TEXTS])
        self._reference = Classifier(reference)
        try:
            self._known = dict(json.loads(path.read_bytes())) if path.exists() else {}
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is damaged; delete it, or choose another folder") from error

    def __call__(self, shape: str, model: Callable[[], StudentModel]) -> tuple[float, float | None]:
        """Return the microseconds and microjoules for a text of students with this shape."""
        if shape not in self._known:
            student = Classifier(model())
            reference, time = self._microseconds(student)
            first = self._known.setdefault("reference", reference)
            found = rounded(time * first / reference)
            self._known[shape] = [found, self._microjoules(student)]
            content = json.dumps(self._known, indent=1, sort_keys=True)
            write_whole(self._path, content.encode())
        time, energy = self._known[shape]
        return time, energy

    def _microseconds(self, student: Classifier) -> tuple[float, float]:
        """Return the times of the reference and of a student for a text.

        Of each text, the fastest round counts: on a busy machine, no whole round is undisturbed.
        """
        with _no_garbage_collection():
            rounds = [(self._round(self._reference), self._round(student)) for _ in range(_ROUNDS)]
        reference, time = (
            sum(map(min, zip(*of_rounds, strict=True))) / len(self._texts) * 1e6
            for of_rounds in zip(*rounds, strict=True)
        )
        return reference, time

    def _round(self, student: Classifier) -> list[float]:
        """Return the seconds for each text."""
        times = []
        for text in self._texts:
            start = perf_counter()
            student(text)
            times.append(perf_counter() - start)
        return times

    def _microjoules(self, student: Classifier) -> float | None:
        if self._counter is None:
            return None
        num_texts, start, before = 0, perf_counter(), self._counter.read()
        while perf_counter() - start < _ENERGY_SECONDS:
            self._round(student)
            num_texts += len(self._texts)
        return rounded(self._counter.joules(before, self._counter.read()) / num_texts * 1e6)


class Costs:
    """Says what a student costs, by its settings."""

    def __init__(
        self,
        space: Space,
        vocabulary: Vocabulary,
        labels: Sequence[str],
        path: Path,
        texts: Sequence[str],
        counter: Counter | None,
    ) -> None:
        """Time on `texts`; keep the times in the file `path`, and energy if there is a counter."""
        self._space, self._vocabulary, self._labels = space, vocabulary, labels
        reference = Untrained(vocabulary, labels, DistillConfig()).model(len(vocabulary.pieces))
        self._clock = Clock(path, texts, reference, counter)

    def __call__(self, choices: Choices) -> Cost:
        """Return the cost of the student with these choices."""
        recipe = self._space.recipe(choices)
        config, num_pieces = recipe.config, recipe.num_pieces
        untrained = Untrained(self._vocabulary, self._labels, config, recipe.embedding_bits)
        name = (
            f"{config.cell}, directions: {config.directions}, {num_pieces} pieces of "
            f"{config.embedding_dim}, {config.hidden_dim} units, {config.attention_dim} for "
            f"attention, {config.explanation}, {recipe.embedding_bits} bits"
        )
        time, energy = self._clock(name, lambda: untrained.model(num_pieces))
        return Cost(untrained.num_bytes(num_pieces), time, energy)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
